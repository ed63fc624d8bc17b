import { seededRandom } from "../../sync/demo/seeded-random.js";

/** Which requests a fault is about: a command's name, in any case, or a test of the whole request. Absent: every one. */
export type RequestMatch = string | ((request: readonly string[]) => boolean);

/** What becomes of a request or a reply. `drop`: it is lost and its connection is cut. `swallow`: it just vanishes. */
export type Fate = "pass" | "drop" | "swallow" | { readonly delayMs: number };

/** Chances, each from 0 to 1. */
export interface ChaosRates {
  /** That a new connection is refused. */
  readonly refuse?: number;
  /** That a request is lost, with its connection, before Redis sees it. */
  readonly dropRequest?: number;
  /** That Redis executes a request, but its reply is lost, with the connection. */
  readonly dropReply?: number;
  /** That a reply vanishes while the connection stays open. */
  readonly swallowReply?: number;
  /** That a reply, and those behind it, come late: by up to `delayMs`, default 20. */
  readonly delayReply?: number;
  readonly delayMs?: number;
}

type Kind = "dropRequest" | "dropReply" | "swallowReply";
type Random = () => number;

interface OrderedFault {
  readonly kind: Kind;
  readonly match: RequestMatch | undefined;
  left: number;
}

const DELAY_MS = 20;
const REFUSALS = 0;

/** Decides what goes wrong: faults ordered one by one, and chaos. It touches no socket. */
export class FaultPlan {
  #ordered: OrderedFault[] = [];
  #rates: ChaosRates = {};
  #seed: number | undefined;
  #refusals: Random = () => 1;
  #enrolled = 0;
  #randomOf = new WeakMap<object, { readonly request: Random; readonly reply: Random }>();

  /** Orders a fault for the next `count` requests, or replies to requests, that match. */
  order(kind: Kind, count: number, match: RequestMatch | undefined): void {
    if (count > 0) this.#ordered.push({ kind, match, left: count });
  }

  /** Begins random faults; `links` are the connections that are open already. */
  chaos(seed: number, rates: ChaosRates, links: Iterable<object>): void {
    this.#seed = seed;
    this.#rates = rates;
    this.#refusals = seededRandom(seed, REFUSALS);
    this.#enrolled = 0;
    this.#randomOf = new WeakMap();
    for (const link of links) this.enrol(link);
  }

  /** Gives a connection its own sequences of chances, so that what others do does not change its fate. */
  enrol(link: object): void {
    if (this.#seed === undefined) return;
    const stream = REFUSALS + 1 + 2 * this.#enrolled++;
    const random = { request: seededRandom(this.#seed, stream), reply: seededRandom(this.#seed, stream + 1) };
    this.#randomOf.set(link, random);
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#ordered = [];
    this.#rates = {};
    this.#seed = undefined;
    this.#refusals = () => 1;
    this.#randomOf = new WeakMap();
  }

  /** Whether the next new connection is refused. */
  refuses(): boolean {
    return this.#refusals() < (this.#rates.refuse ?? 0);
  }

  fateOfRequest(request: readonly string[], link: object): Fate {
    const chance = this.#randomOf.get(link)?.request() ?? 1;
    return this.#take("dropRequest", request) || chance < (this.#rates.dropRequest ?? 0) ? "drop" : "pass";
  }

  fateOfReply(request: readonly string[], link: object): Fate {
    const random = this.#randomOf.get(link)?.reply ?? (() => 1);
    const [chance, length] = [random(), random()];
    if (this.#take("dropReply", request)) return "drop";
    if (this.#take("swallowReply", request)) return "swallow";
    const { dropReply = 0, swallowReply = 0, delayReply = 0, delayMs = DELAY_MS } = this.#rates;
    if (chance < dropReply) return "drop";
    if (chance < dropReply + swallowReply) return "swallow";
    if (chance < dropReply + swallowReply + delayReply) return { delayMs: length * delayMs };
    return "pass";
  }

  #take(kind: Kind, request: readonly string[]): boolean {
    const fault = this.#ordered.find((ordered) => ordered.kind === kind && matches(request, ordered.match));
    if (!fault) return false;
    fault.left -= 1;
    if (fault.left <= 0) this.#ordered = this.#ordered.filter((ordered) => ordered !== fault);
    return true;
  }
}

function matches(request: readonly string[], match: RequestMatch | undefined): boolean {
  if (match === undefined) return true;
  return typeof match === "string" ? request[0]?.toLowerCase() === match.toLowerCase() : match(request);
}
