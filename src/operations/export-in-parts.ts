/**
 * A big flow is told in parts, since Redis does nothing else while a script runs: first the keys that grow long, page by page, while
 * others go on changing them; then, in one script, everything else, and what of the long keys may be new since. That script's moment is
 * the one that the export is of. Of a long key it also tells how much it holds, and that proves the pages:
 *
 * - What comes into such a key comes at its end: `remember` gives no id a score below the highest, a stream no entry an id below the
 *   newest. All that was added since the first page is therefore in the last script's answer.
 * - So pages and answer together hold all that the key holds, and perhaps what went meanwhile: from the front, which shows, or, when an
 *   entry was cancelled, a released signal, which the log of events tells.
 * - If they hold as much as the key does, they hold the same.
 *
 * A key that is not proven so is read again; what stays unproven has the flow told in one piece.
 */
import type { Entry, FlowLayout, StoredKey } from "../layout/flow-layout.js";
import { compareBytes } from "../state/ranking.js";
import { pairsOf } from "../words/pairs.js";
import { EXPORT_FLOW, inOrderOfFields, layoutTold, OTHERS, streamEntries, toldOf } from "./exported-keys.js";
import { type Ask, list, type Reply, type Script, text, texts } from "./operation.js";

/** A flow of no more entries is told in one piece: a few milliseconds. */
const MOST_AT_ONCE = 2_000;

/** A key of fewer entries is no long one. */
const LONG = 500;

/** Entries of a page: about a millisecond. */
const PAGE = { zset: 1_000, stream: 250 } as const;

/** How often what is not proven is read again. */
const ROUNDS = 5;

const LOG = "events:log";

/** Sorted sets into which ids come at the end, each with the hash whose fields are its ids. */
const RANKINGS = {
  "orders:fills": "orders:fills_told",
  "trades:ended": undefined,
  "risk:trades": undefined,
  "risk:cash": undefined,
  "risk:transfers": undefined,
  "signals:processed": undefined,
} as const satisfies Partial<Record<StoredKey, StoredKey | undefined>>;

/**
 * Closed orders: the score of one is when it was closed. A clock that steps back may put it anywhere, so the set is always told whole.
 * An order changes when it is closed, anew, or filled late, and then its fill is among the new ones.
 */
const CLOSED = { ranking: "orders:closed_at", rows: "orders:closed", filledBy: "orders:fills" } as const;

const STREAMS = ["trades:closed", "admission:refusals", LOG] as const satisfies readonly StoredKey[];

/** What was read of a sorted set, page by page, and of the hash beside it. */
interface RankingRead {
  /** Highest score when the first page was read: nothing new has a lower one. */
  readonly from: string;
  /** Newest event when the first page was read. */
  readonly event: string;
  readonly scores: ReadonlyMap<string, string>;
  readonly rows: ReadonlyMap<string, string>;
}

interface Page {
  readonly event: string;
  readonly highest: string;
  readonly entries: readonly string[];
  readonly beside: readonly string[];
}

interface PageArgs {
  readonly of: string;
  readonly key: StoredKey;
  readonly beside: StoredKey | undefined;
  readonly type: keyof typeof PAGE;
  readonly after: string;
  readonly member: string;
  readonly ties: number;
}

const EXPORT_PAGE: Script<PageArgs, Page> = {
  name: "export/page",
  kind: "read",
  keys: EXPORT_FLOW.keys,
  args: {
    of: ({ of }) => of,
    at: ({ key }) => placeOf(key),
    beside: ({ beside }) => beside && placeOf(beside),
    log: () => placeOf(LOG),
    type: ({ type }) => type,
    count: ({ type }) => PAGE[type],
    after: ({ after }) => after,
    member: ({ member }) => member,
    ties: ({ ties }) => ties,
  },
  decode: (reply) => ({
    event: text(reply, 1),
    highest: text(reply, 2),
    entries: list(reply, 3),
    beside: list(reply, 4),
  }),
};

/** n of KEYS[n]. */
function placeOf(key: StoredKey): number {
  return OTHERS.findIndex((other) => other.key === key) + 2;
}

export async function exportInParts(ask: Ask): Promise<FlowLayout> {
  const first = await ask(EXPORT_FLOW, { most: MOST_AT_ONCE, since: new Map() });
  if (text(first, 0) !== "much") return layoutTold(first);
  const epoch = text(first, 1);
  const sizes = texts(first, 2).map(Number);
  const long = new Set(OTHERS.flatMap(({ key }, i) => ((sizes[i] ?? 0) > LONG ? [key] : [])));
  const reading = new Reading(ask, epoch, long);
  for (let round = 0; round < ROUNDS; round++) {
    await reading.read();
    const told = await ask(EXPORT_FLOW, { most: undefined, since: reading.since() });
    const layout = reading.joined(told);
    if (layout) return layout;
  }
  return layoutTold(await ask(EXPORT_FLOW, undefined));
}

/** Pages that were read, until they are proven. */
class Reading {
  readonly #ask: Ask;
  readonly #epoch: string;
  readonly #rankings = new Map<StoredKey, RankingRead | undefined>();
  readonly #streams = new Map<StoredKey, readonly Entry[] | undefined>();
  /** Closed orders; what fills may have changed since is told from this score on. */
  #closed: (RankingRead & { readonly filledFrom: string }) | undefined;
  readonly #closedIsLong: boolean;

  constructor(ask: Ask, epoch: string, long: ReadonlySet<StoredKey>) {
    this.#ask = ask;
    this.#epoch = epoch;
    for (const key of keysOf(RANKINGS)) if (long.has(key)) this.#rankings.set(key, undefined);
    for (const key of STREAMS) if (long.has(key)) this.#streams.set(key, undefined);
    this.#closedIsLong = long.has(CLOSED.ranking);
  }

  /** Reads what is not read yet. Fills before the orders that they change. */
  async read(): Promise<void> {
    for (const [key, read] of this.#streams) {
      if (!read) this.#streams.set(key, await this.#stream(key));
    }
    for (const [key, read] of this.#rankings) {
      if (!read) this.#rankings.set(key, await this.#ranking(key, besideOf(key)));
    }
    if (this.#closedIsLong && !this.#closed) {
      const filledFrom = this.#rankings.get(CLOSED.filledBy)?.from ?? "-inf";
      this.#closed = { ...(await this.#ranking(CLOSED.ranking, CLOSED.rows)), filledFrom };
    }
  }

  /** What the last script is to tell of each key that was read. */
  since(): Map<StoredKey, string> {
    const since = new Map<StoredKey, string>();
    for (const [key, read] of this.#rankings) {
      const beside = besideOf(key);
      if (read) since.set(key, read.from);
      if (read && beside) since.set(beside, `${placeOf(key)} ${read.from}`);
    }
    for (const [key, entries] of this.#streams) since.set(key, entries?.at(-1)?.[0] ?? "");
    if (this.#closed) {
      const { from, filledFrom } = this.#closed;
      since.set(CLOSED.rows, `${placeOf(CLOSED.ranking)} ${from} ${placeOf(CLOSED.filledBy)} ${filledFrom}`);
    }
    return since;
  }

  /** Pages and answer together; undefined when some key is not proven, which is then to be read again. */
  joined(told: Reply): FlowLayout | undefined {
    const joined = new Map<StoredKey, readonly Entry[]>();
    let proven = true;
    const keep = (key: StoredKey, entries: readonly Entry[] | undefined, again: () => void) => {
      if (entries) return void joined.set(key, entries);
      proven = false;
      again();
    };
    for (const [key, read] of this.#streams) {
      keep(key, read && wholeStream(read, toldOf(told, key)), () => this.#streams.set(key, undefined));
    }
    for (const [key, read] of this.#rankings) {
      if (!read) continue;
      const again = () => this.#rankings.set(key, undefined);
      const gone = key === "signals:processed" ? this.#released(read.event, joined.get(LOG) ?? streamEntries(toldOf(told, LOG))) : NONE;
      const whole = wholeRanking(read, toldOf(told, key), gone);
      keep(key, whole, again);
      const beside = besideOf(key);
      if (whole && beside) keep(beside, wholeBeside(whole, read.rows, toldOf(told, beside)), again);
    }
    if (this.#closed) {
      const at = pairsOf(toldOf(told, CLOSED.ranking));
      keep(CLOSED.rows, wholeClosed(at, this.#closed, toldOf(told, CLOSED.rows)), () => {
        this.#closed = undefined;
      });
    }
    if (!proven) return undefined;
    return layoutTold(told, (key) => joined.get(key));
  }

  /** Signals that were released after an event. */
  #released(after: string, events: readonly Entry[]): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const [id = "", ...fields] of events) {
      if (after !== "" && compareIds(id, after) <= 0) continue;
      const event = new Map(pairsOf(fields));
      const signal = event.get("signal_released") === "1" ? signalOf(event.get("order")) : undefined;
      if (signal !== undefined) ids.add(signal);
    }
    return ids;
  }

  async #ranking(key: StoredKey, beside: StoredKey | undefined): Promise<RankingRead> {
    const scores = new Map<string, string>();
    const rows = new Map<string, string>();
    let first: Page | undefined;
    let [member, after, ties] = ["", "", 0];
    for (;;) {
      const page = await this.#page({ key, beside, type: "zset", after, member, ties });
      first ??= page;
      const entries = pairsOf(page.entries);
      for (const [id, score] of entries) {
        ties = score === after ? ties + 1 : 1;
        [member, after] = [id, score];
        scores.set(id, score);
      }
      for (const [id, row] of pairsOf(page.beside)) rows.set(id, row);
      if (entries.length < PAGE.zset) break;
    }
    return { from: first.highest === "" ? "-inf" : first.highest, event: first.event, scores, rows };
  }

  async #stream(key: StoredKey): Promise<readonly Entry[]> {
    const all: Entry[] = [];
    for (;;) {
      const { entries } = await this.#page({
        key,
        beside: undefined,
        type: "stream",
        after: all.at(-1)?.[0] ?? "",
        member: "",
        ties: 0,
      });
      const page = streamEntries(entries);
      all.push(...page);
      if (page.length < PAGE.stream) return all;
    }
  }

  #page(args: Omit<PageArgs, "of">): Promise<Page> {
    return this.#ask(EXPORT_PAGE, { ...args, of: this.#epoch });
  }
}
