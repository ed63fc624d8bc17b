/** Who may come in: checks the host that a request names, the page that it comes from, and its token. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Refusal } from "./refusal.js";

export interface GateOptions {
  /** The origins under which browsers know this server, such as `http://127.0.0.1:8787`. */
  readonly origins: readonly string[];
  /** Hosts that a request may name: lower case, with the port as browsers write it. */
  readonly hosts: readonly string[];
  /** The digest of the token; undefined if nobody may change anything. */
  readonly token: string | undefined;
  /** Whether looking needs the token, too. */
  readonly isPrivate: boolean;
  readonly readOnly: boolean;
  /** Waits before a wrong token is answered; tests replace it. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** How long the first wrong token of an address waits for its answer, ms; each further one waits twice as long. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;
/** At most this many wrong tokens wait at a time; any more are refused unseen. */
const MOST_WAITING = 32;
/** The number of addresses whose wrong tokens are counted. */
const MOST_ADDRESSES = 1_000;

/** What a request may do. */
export interface Pass {
  readonly mayChange: boolean;
  readonly hasToken: boolean;
  /** Why it may not change anything. */
  readonly why?: string;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #token: Buffer | undefined;
  readonly #wrong = new Map<string, number>();
  #waiting = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#token = options.token === undefined ? undefined : digest(options.token);
  }

  /** Checked first. A page whose host name was made to point here (DNS rebinding) sends that name. */
  checkHost({ rawHeaders }: IncomingMessage): void {
    const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
    const [host] = hosts;
    if (hosts.length === 1 && host !== undefined && this.#options.hosts.includes(host.toLowerCase())) return;
    throw new Refusal(403, "forbidden", `this server answers only as ${this.#options.hosts.join(", ")}`);
  }

  /** Refuses requests that another page sends. A change is also refused if it does not say where it comes from and has no token of its own. */
  checkOrigin({ headers, method }: IncomingMessage, isData: boolean): void {
    const site = headers["sec-fetch-site"];
    const { origin } = headers;
    if (method === "GET" || method === "HEAD") {
      // A link from elsewhere may lead to the page, not to its data.
      if (isData && site !== undefined && site !== "same-origin" && site !== "none") throw otherPage();
      return;
    }
    if (site !== undefined && site !== "same-origin") throw otherPage();
    if (origin !== undefined && !this.#options.origins.includes(origin.toLowerCase())) throw otherPage();
    if (headers["content-type"]?.split(";")[0]?.trim().toLowerCase() !== "application/json") {
      throw new Refusal(415, "request", "expected JSON: Content-Type: application/json");
    }
  }

  /** Rejects with a Refusal for a token that is wrong, after a while that doubles with each. The right one never waits. */
  async pass(request: IncomingMessage): Promise<Pass> {
    const hasToken = await this.#hasToken(request);
    const { readOnly, isPrivate } = this.#options;
    if (isPrivate && !hasToken) throw noToken("a token is needed to look, too");
    if (readOnly) return { mayChange: false, hasToken, why: "this server is read-only (--read-only)" };
    if (!this.#token) return { mayChange: false, hasToken, why: "this server has no token" };
    if (!hasToken) return { mayChange: false, hasToken, why: "without the token everything is read-only" };
    return { mayChange: true, hasToken };
  }

  /** Throws a Refusal unless the request may change something. */
  checkChange({ mayChange, hasToken, why = "" }: Pass): void {
    if (mayChange) return;
    if (this.#options.readOnly || !this.#token || hasToken) throw new Refusal(403, "forbidden", why);
    throw noToken(why);
  }

  async #hasToken({ headers, socket }: IncomingMessage): Promise<boolean> {
    const { authorization } = headers;
    if (authorization === undefined) return false;
    const given = /^bearer ([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
    // Digests are compared, so the time that it takes does not show how much of the token was right.
    if (given !== undefined && this.#token && timingSafeEqual(digest(given), this.#token)) return true;
    const address = socket.remoteAddress ?? "";
    const wrong = (this.#wrong.get(address) ?? 0) + 1;
    this.#wrong.delete(address);
    this.#wrong.set(address, wrong);
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= MOST_ADDRESSES) break;
      this.#wrong.delete(oldest);
    }
    const ms = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(wrong - 1, 10));
    if (this.#waiting >= MOST_WAITING) {
      throw new Refusal(429, "too_many", "too many wrong tokens", { "retry-after": String(LONGEST_WAIT / 1000) });
    }
    this.#waiting++;
    try {
      await (this.#options.wait ?? pause)(ms);
    } finally {
      this.#waiting--;
    }
    throw noToken("the token is not right");
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function otherPage(): Refusal {
  return new Refusal(403, "forbidden", "this comes from another page");
}

function noToken(message: string): Refusal {
  return new Refusal(401, "token", message, { "www-authenticate": 'Bearer realm="sf-state"' });
}
