/** Where `serve` listens, the page's names for browsers, and the token that allows changes. */
import { randomBytes, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { isIP, isIPv6 } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../src/cli/exit-code.js";
import type { Terminal } from "../../src/cli/terminal.js";
import type { GateOptions } from "../../src/page/gate.js";
import { errorText } from "../../src/words/error-text.js";

export interface ServeOptions {
  readonly listen: string;
  readonly readOnly?: true | undefined;
  readonly tokenFile?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly behindProxy?: string | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly isLoopback: boolean;
}

/** Throws a UsageError. */
export function listenAddress(text: string): Address {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  const isAddress = bracketed === undefined ? isIP(host) === 4 || host === "localhost" : isIPv6(host);
  if (!isAddress || Number(port) > 65_535) {
    throw new UsageError(
      `--listen: expected an address and a port, such as 127.0.0.1:8787 or [::1]:8787, got ${JSON.stringify(text)}`,
    );
  }
  const isLoopback = host === "localhost" || host === "::1" || /^127\./.test(host);
  return { host, port: Number(port), isLoopback };
}

export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export async function tlsOf({ tlsCert, tlsKey }: ServeOptions): Promise<Tls | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError("--tls-cert and --tls-key go together");
  return { cert: await fileOf("--tls-cert", tlsCert), key: await fileOf("--tls-key", tlsKey) };
}

async function fileOf(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be read: ${errorText(error)}`);
  }
}

export interface Token {
  readonly text: string;
  /** The token was made for this run: somebody has to be told. */
  readonly isMade: boolean;
}

const SHORTEST = 16;

/**
 * The token from a file or the environment; on loopback one is made. Undefined if nobody may change anything. `warn` is told if others can read the file.
 * Rejects with a UsageError.
 */
export async function tokenOf(
  { tokenFile, readOnly, behindProxy }: ServeOptions,
  isLoopback: boolean,
  warn: (message: string) => void,
): Promise<Token | undefined> {
  const said = process.env.SF_STATE_TOKEN;
  if (tokenFile !== undefined && said !== undefined)
    throw new UsageError("give --token-file or SF_STATE_TOKEN, not both");
  const text = tokenFile === undefined ? said : (await fileOf("--token-file", tokenFile)).trim();
  if (tokenFile !== undefined && (await isForOthers(tokenFile))) {
    warn(`--token-file ${tokenFile}: others on this machine can read it: chmod 600 ${tokenFile}`);
  }
  if (text !== undefined) {
    if (/^[\x21-\x7e]+$/.test(text) && text.length >= SHORTEST && text.length <= 512) return { text, isMade: false };
    throw new UsageError(
      `${tokenFile === undefined ? "SF_STATE_TOKEN" : `--token-file ${tokenFile}`}: expected ${SHORTEST} to 512 letters, digits and signs without spaces; openssl rand -hex 32 makes one`,
    );
  }
  if (!isLoopback || behindProxy !== undefined) {
    throw new UsageError(
      `${isLoopback ? "behind a proxy" : "on another address than loopback"} a token is needed, to look, too: say --token-file FILE or SF_STATE_TOKEN`,
    );
  }
  return readOnly ? undefined : { text: randomBytes(32).toString("base64url"), isMade: true };
}

/** Whether the rights of a file let others than its owner read it. */
async function isForOthers(file: string): Promise<boolean> {
  return process.platform !== "win32" && ((await stat(file)).mode & 0o044) !== 0;
}

export interface Door {
  readonly gate: (port: number) => GateOptions;
  /** The page's address, without a slash at its end. */
  readonly url: (port: number) => string;
}

/** Throws a UsageError if browsers would reach the page without TLS. */
export function doorOf(
  {
    readOnly = false,
    behindProxy,
  }: { readonly readOnly?: boolean | undefined; readonly behindProxy?: string | undefined },
  { host, isLoopback }: Address,
  tls: Tls | undefined,
  token: string | undefined,
): Door {
  if (!isLoopback && !tls && behindProxy === undefined) {
    throw new UsageError(
      "on another address than loopback the page needs TLS: say --tls-cert and --tls-key, or --behind-proxy https://..., or listen on 127.0.0.1 and use ssh -L",
    );
  }
  const proxy = behindProxy === undefined ? undefined : originOf(behindProxy);
  const scheme = tls ? "https" : "http";
  const shown = host === "::1" ? "[::1]" : host;
  const local = ["127.0.0.1", "localhost", "[::1]", ...(isLoopback ? [shown] : [])];
  const names = tls ? namesIn(tls.cert) : [...new Set(local)];
  const isShort = (port: number) => port === (tls ? 443 : 80);
  const hosts = (port: number) => names.flatMap((name) => [`${name}:${port}`, ...(isShort(port) ? [name] : [])]);
  const main = names.includes(shown) ? shown : (names[0] ?? shown);
  return {
    gate: (port) => ({
      hosts: [...(proxy ? [proxy.host] : []), ...hosts(port)],
      origins: [...(proxy ? [proxy.origin] : []), ...hosts(port).map((each) => `${scheme}://${each}`)],
      token,
      isPrivate: !isLoopback || proxy !== undefined,
      readOnly,
    }),
    url: (port) => proxy?.origin ?? `${scheme}://${main}${isShort(port) ? "" : `:${port}`}`,
  };
}

function originOf(text: string): { readonly origin: string; readonly host: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && [`${url.origin}`, `${url.origin}/`].includes(text)) {
    return { origin: url.origin, host: url.host };
  }
  throw new UsageError(
    "--behind-proxy: expected what browsers have as the origin of the page, such as https://bots.example.org",
  );
}

/** The names and addresses of a certificate, lower case, as they appear in a Host header. */
function namesIn(cert: string): string[] {
  let names = "";
  try {
    names = new X509Certificate(cert).subjectAltName ?? "";
  } catch (error) {
    throw new UsageError(`--tls-cert: ${errorText(error)}`);
  }
  const found = names.split(", ").flatMap((entry) => {
    const [, kind, name = ""] = /^(DNS|IP Address):([^*]+)$/.exec(entry) ?? [];
    if (kind === undefined) return [];
    return [isIPv6(name) ? `[${new URL(`http://[${name}]`).hostname.slice(1, -1)}]` : name.toLowerCase()];
  });
  if (found.length === 0) {
    throw new UsageError("--tls-cert: the certificate names no host (subjectAltName) without a wildcard");
  }
  return found;
}

/** Shows a token that was made: on a terminal as a link, else in a file that is removed when the server ends. A given token is never shown. */
export async function tellToken(terminal: Terminal, url: string, token: Token | undefined): Promise<Told> {
  if (!token) return told([]);
  if (!token.isMade) return told(["whoever has the token may make changes: #token=... behind the address"]);
  const link = `${url}/#token=${token.text}`;
  if (terminal.isScreen) return told(["to make changes, too:", `  ${link}`]);
  const folder = await mkdtemp(join(tmpdir(), "sf-state-serve-"));
  const file = join(folder, "link");
  await writeFile(file, `${link}\n`, { mode: 0o600 });
  return told([`to make changes, too: the link in ${file}`], { linkFile: file }, () =>
    rm(folder, { recursive: true, force: true }),
  );
}

interface Told extends AsyncDisposable {
  readonly words: readonly string[];
  readonly json: object;
}

function told(words: readonly string[], json: object = {}, remove = async () => {}): Told {
  return { words, json, [Symbol.asyncDispose]: remove };
}
