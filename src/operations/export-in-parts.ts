/**
 * A big flow is exported in parts, since Redis does nothing else while a script runs. First the long keys are read page by page, while others go on
 * changing them. Then one script reads everything else, and what may be new in the long keys. The export is of that script's moment. For each long key the
 * script also tells how many entries it holds, and that proves the pages:
 * - New entries come at the end of such a key: `remember` gives no id a score below the highest, and a stream gets no id below the newest. So everything
 * that was added since the first page is in the last script's answer.
 * - So pages and answer together hold all entries of the key, and perhaps some that were removed meanwhile: from the front, which can be seen, or, when an
 * entry was cancelled, a released signal, which the event log tells.
 * - If they hold as many entries as the key does, they hold the same ones.
 *
 * A key that is not proven in this way is read again. If it stays unproven, the flow is exported in one piece.
 */
import { StateLostError } from "../errors.js";
import { type Entry, type FlowLayout, metaOf, type StoredKey } from "../layout/flow-layout.js";
import { compareEventIds } from "../state/event-log.js";
import { compareBytes } from "../state/ranking.js";
import { pairsOf } from "../words/pairs.js";
import { EXPORT_FLOW, inOrderOfFields, layoutTold, OTHERS, streamEntries, toldOf } from "./exported-keys.js";
import { type Ask, list, type Reply, type Script, text, texts } from "./operation.js";

/** A flow with at most this many entries is exported in one piece: this takes a few milliseconds. */
const MOST_AT_ONCE = 2_000;

/** A key with fewer entries does not count as long. */
const LONG = 500;

/** Entries of a page: about a millisecond. */
const PAGE = { zset: 1_000, stream: 250 } as const;

/** How often an unproven key is read again. */
const ROUNDS = 5;

const LOG = "events:log";
const SIGNALS = "signals:processed";
const NONE: ReadonlySet<string> = new Set();

/** Sorted sets that get new ids at the end only, each with the hash that has these ids as fields. */
const RANKINGS = {
  "orders:fills": "orders:fills_told",
  "trades:ended": undefined,
  "risk:trades": undefined,
  "risk:cash": undefined,
  "risk:transfers": undefined,
  [SIGNALS]: undefined,
} as const satisfies Partial<Record<StoredKey, StoredKey | undefined>>;

/**
 * Closed orders, with the time of closing as the score. A clock that steps back may put an order anywhere, so the set is always read as a whole. An order
 * changes when it is closed, closed again, or filled late; then its fill is among the new ones.
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
  readonly ties: number;
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
    ties: Number(text(reply, 3)),
    entries: list(reply, 4),
    beside: list(reply, 5),
  }),
};

/** The n of KEYS[n]. */
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
    if (layout && metaOf(layout, "epoch") !== epoch) {
      throw new StateLostError(`the flow was replaced while it was exported: its epoch was ${epoch}`);
    }
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
  /** Closed orders. Orders that fills may have changed since are read from this score on. */
  #closed: (RankingRead & { readonly filledFrom: string }) | undefined;
  readonly #closedIsLong: boolean;

  constructor(ask: Ask, epoch: string, long: ReadonlySet<StoredKey>) {
    this.#ask = ask;
    this.#epoch = epoch;
    for (const key of long) if (isRanking(key)) this.#rankings.set(key, undefined);
    for (const key of STREAMS) if (long.has(key)) this.#streams.set(key, undefined);
    this.#closedIsLong = long.has(CLOSED.ranking);
  }

  /** Reads what is not read yet; fills before the orders that they change. */
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

  /** What the last script has to tell of each key that was read. */
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

  /** Pages and answer together; undefined if a key is not proven: it will be read again. */
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
      const gone = key === SIGNALS ? releasedSignals(this.#events(told, joined), read.event) : NONE;
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

  #events(told: Reply, joined: ReadonlyMap<StoredKey, readonly Entry[]>): readonly Entry[] {
    return joined.get(LOG) ?? (this.#streams.has(LOG) ? [] : streamEntries(toldOf(told, LOG)));
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
      for (const [id, score] of entries) scores.set(id, score);
      [member, after] = entries.at(-1) ?? [member, after];
      ties = page.ties;
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

function besideOf(key: StoredKey): StoredKey | undefined {
  return isRanking(key) ? RANKINGS[key] : undefined;
}

function isRanking(key: StoredKey): key is keyof typeof RANKINGS {
  return Object.hasOwn(RANKINGS, key);
}

/** From the answer: the number of entries of the key, the oldest id, and the entries after those that were read. */
function wholeStream(
  read: readonly Entry[],
  [length = "", oldest = "", ...added]: readonly string[],
): readonly Entry[] | undefined {
  const left = read.findIndex(([id = ""]) => oldest !== "" && compareEventIds(id, oldest) >= 0);
  const all = [...(left === -1 ? [] : read.slice(left)), ...streamEntries(added)];
  return all.length === Number(length) ? all : undefined;
}

/** From the answer: the number of members of the key, the lowest member with its score, and the members that may be new. */
function wholeRanking(
  { from, scores }: RankingRead,
  [length = "", lowest = "", lowestScore = "", ...added]: readonly string[],
  gone: ReadonlySet<string>,
): readonly Entry[] | undefined {
  const fresh = pairsOf(added);
  const isFresh = new Set(fresh.map(([id]) => id));
  const isLeft = (id: string, score: string) => compareRanks([id, score], [lowest, lowestScore]) >= 0;
  const old = [...scores].filter(
    ([id, score]) => Number(score) < Number(from) && !isFresh.has(id) && !gone.has(id) && isLeft(id, score),
  );
  const all = [...old, ...fresh];
  return all.length === Number(length) ? all.sort(compareRanks) : undefined;
}

/** From the answer: the number of fields of the hash, and the fields of ids that may be new. A field never changes. */
function wholeBeside(
  ids: readonly Entry[],
  rows: ReadonlyMap<string, string>,
  [length = "", ...added]: readonly string[],
): Entry[] | undefined {
  const fresh = new Map(pairsOf(added));
  const all = ids.flatMap(([id = ""]) => {
    const row = fresh.get(id) ?? rows.get(id);
    return row === undefined ? [] : [[id, row]];
  });
  return all.length === Number(length) ? inOrderOfFields(all) : undefined;
}

/**
 * From the answer: the number of orders of the hash, and the orders that may have changed. All others are as they were read, if they were closed by then.
 */
function wholeClosed(
  at: readonly Entry[],
  { scores, rows }: RankingRead,
  [length = "", ...added]: readonly string[],
): Entry[] | undefined {
  const fresh = new Map(pairsOf(added));
  const all = at.flatMap(([id = "", score]) => {
    const row = fresh.get(id) ?? (scores.get(id) === score ? rows.get(id) : undefined);
    return row === undefined ? [] : [[id, row]];
  });
  return all.length === Number(length) && all.length === at.length ? inOrderOfFields(all) : undefined;
}

/** Signals that were released after an event. */
function releasedSignals(events: readonly Entry[], after: string): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [id = "", ...fields] of events) {
    if (after !== "" && compareEventIds(id, after) <= 0) continue;
    const event = new Map(pairsOf(fields));
    if (event.get("signal_released") !== "1") continue;
    const order: unknown = JSON.parse(event.get("order") ?? "null");
    if (typeof order === "object" && order !== null && "signal_id" in order) ids.add(String(order.signal_id));
  }
  return ids;
}

/** The order of members of a sorted set. */
function compareRanks([a = "", aScore = ""]: Entry, [b = "", bScore = ""]: Entry): number {
  return Number(aScore) - Number(bScore) || compareBytes(a, b);
}
