/**
 * Judges a race by its event logs, in the order in which the server ran the steps, and by what is stored at the end. It keeps books of its own,
 * written from the contract: nothing of the product is used. Money is whole numbers of 0.00000001.
 */
import { decimal } from "../faults/decimal.js";
import {
  ACCOUNT_LOSS,
  ACCOUNTS,
  FLOW_LOSS,
  FLOWS,
  MOVER,
  OF_ACCOUNT,
  OF_FLOW,
  ownerOf,
  PAIRS,
  STARTING_EQUITY,
} from "./race.js";
import type { Entry, Step } from "./witness.js";

type Texts = ReadonlyMap<string, string>;

interface Limits {
  readonly max_open_positions: number;
  readonly max_positions_per_pair: number;
  readonly max_exposure: number;
}

interface Breaker {
  active: boolean;
  loss: bigint;
}

interface Pending {
  readonly pair: string;
  readonly side: string;
  readonly size: number;
  readonly price: number;
  filled: number;
  positionId: string;
}

interface Held {
  readonly pair: string;
  readonly side: string;
  readonly price: number;
  size: number;
}

/** What a backup of a flow has. */
interface Books {
  /** Entries that are not done, and those that are: a late fill may still come. */
  readonly entries: Map<string, Pending>;
  readonly done: Map<string, Pending>;
  /** In the order in which they were opened. */
  readonly positions: Map<string, Held>;
  /** Those that ended, as they were. */
  readonly ended: Map<string, Held>;
  readonly exits: Map<string, string>;
  readonly breaker: Breaker;
  pnl: bigint;
  /** How many its log has. */
  events: number;
}

class Flow {
  books: Books = {
    ...{ entries: new Map(), done: new Map(), positions: new Map(), ended: new Map(), exits: new Map() },
    ...{ breaker: { active: false, loss: decimal(String(FLOW_LOSS)) }, pnl: 0n, events: 0 },
  };
  readonly admitted = new Set<string>();
  /** What it booked and transferred while it was in its account: that stays there, whatever becomes of the flow. */
  booked = 0n;
  transferred = 0n;
  /** How often another was put in its place, and the books as the next one has them. */
  restored = 0;
  backup: Books | undefined;

  constructor(readonly id: string) {}

  get breaker(): Breaker {
    return this.books.breaker;
  }

  get pnl(): bigint {
    return this.books.pnl;
  }

  /** Each position takes a slot, and each entry that is not part of one. */
  slots(pair?: string): number {
    const { books } = this;
    const positions = [...books.positions.values()].filter((each) => pair === undefined || each.pair === pair);
    const entries = [...books.entries.values()].filter(
      (each) => (pair === undefined || each.pair === pair) && !books.positions.has(each.positionId),
    );
    return positions.length + entries.length;
  }

  exposure(): bigint {
    let sum = 0n;
    for (const { size, price } of this.books.positions.values()) sum += times(size, price);
    for (const { size, filled, price } of this.books.entries.values()) sum += times(size - filled, price);
    return sum;
  }
}

class Account {
  readonly breaker: Breaker = { active: false, loss: decimal(String(ACCOUNT_LOSS)) };
  /** All that were ever in it. */
  readonly flows: Flow[] = [];
  /** Those that are in it: slots and exposure come and go with them. */
  readonly members = new Set<Flow>();
  trips = 0;

  get pnl(): bigint {
    return this.flows.reduce((sum, { booked }) => sum + booked, 0n);
  }

  slots(pair?: string): number {
    return [...this.members].reduce((sum, flow) => sum + flow.slots(pair), 0);
  }

  exposure(): bigint {
    return [...this.members].reduce((sum, flow) => sum + flow.exposure(), 0n);
  }
}

export interface Verdict {
  readonly wrongs: readonly string[];
  readonly admitted: number;
  /** How often each reason was given. */
  readonly refused: ReadonlyMap<string, number>;
  readonly fills: number;
  readonly flowTrips: number;
  readonly accountTrips: number;
  readonly looks: number;
  /** How often a flow joined, and left; each that another was put in the place of, in its account (`b inside`) or outside. */
  readonly joins: number;
  readonly leaves: number;
  readonly restored: readonly string[];
}

export interface Race {
  readonly steps: readonly Step[];
  /**
   * What was looked up during the race, by the name of the look: an account's hash, then `risk:exposure` and `risk:daily` of each of its flows, in a
   * cluster at the account's place.
   */
  readonly looks: ReadonlyMap<string, { readonly account: string; readonly hashes: readonly Texts[] }>;
  /** What the bots were told of their signals. */
  readonly told: ReadonlyMap<string, string>;
  /** Ids of the account's events, as a watcher of each flow got them that does not move. */
  readonly watched: ReadonlyMap<string, readonly string[]>;
  /** How many events a flow's log had in each backup, or copy, that was put in its place, in order; each was taken after the one before was put there. */
  readonly backups: ReadonlyMap<string, readonly number[]>;
  /** Whether a flow is at the place of its account, or at its own. */
  readonly inCluster: boolean;
}

export function judge({ steps, looks, told, watched, backups, inCluster }: Race): Verdict {
  const wrongs: string[] = [];
  const refused = new Map<string, number>();
  const outcomes = new Map<string, string>();
  const flows = new Map<string, Flow>();
  const accounts = new Map<string, Account>(ACCOUNTS.map((name) => [name, new Account()]));
  const logs = new Map<string, string[]>(ACCOUNTS.map((name) => [name, []]));
  for (const { flowId, account: name } of FLOWS) {
    const [flow, account] = [new Flow(flowId), accounts.get(name)];
    flows.set(flowId, flow);
    account?.flows.push(flow);
  }
  const accountOf = (flow: Flow) => [...accounts.values()].find(({ members }) => members.has(flow));
  let [fills, flowTrips, looked, joins, leaves] = [0, 0, 0, 0, 0];
  const restored: string[] = [];
  const keep = (flow: Flow) => {
    if (flow.books.events === backups.get(flow.id)?.[flow.restored]) flow.backup = structuredClone(flow.books);
  };

  for (const step of steps) {
    const at = step.entries.map(({ key, id }) => `${key} ${id}`).join(", ");
    const wrong = (text: string) => void wrongs.push(`${at}: ${text}`);
    const accountEvents: Entry[] = [];
    let due: { readonly account: Account; readonly isDue: boolean } | undefined;
    // What a flow did comes first: its account's breaker trips for it.
    for (const entry of step.entries) {
      const { owner = "", name: log = "" } = ownerOf(entry.key) ?? {};
      if (owner.startsWith("@")) {
        accountEvents.push(entry);
        logs.get(owner.slice(1))?.push(entry.id);
        continue;
      }
      const flow = flows.get(owner);
      if (!flow) wrong(`nobody knows flow ${owner}`);
      else if (log === "admission:refusals") refusal(flow, accountOf(flow), entry.fields, wrong);
      else if (log === "events:log") {
        due = event(flow, accountOf(flow), entry.fields, wrong) ?? due;
        flow.books.events++;
        keep(flow);
      }
    }
    const replaced = step.imported && flows.get(step.imported.owner);
    // A copy under another name is no flow of the race. What comes to a place where the flow is not moves, as it is.
    if (replaced && (!inCluster || (step.imported?.place === "") === (accountOf(replaced) === undefined))) {
      if (replaced.backup === undefined) wrong(`${replaced.id} was restored from no backup that its log tells of`);
      else {
        replaced.books = replaced.backup;
        replaced.backup = undefined;
        replaced.restored++;
        restored.push(`${replaced.id} ${accountOf(replaced) ? "inside" : "outside"}`);
        keep(replaced);
      }
    }
    const tripped = accountEvents.filter(({ fields }) => fields.get("type") === "account_breaker_tripped");
    for (const { key, fields } of accountEvents)
      accountEvent(accounts.get(ownerOf(key)?.owner.slice(1) ?? ""), fields, wrong);
    if (due?.isDue && tripped.length !== 1) wrong(`the account's breaker is due, and tripped ${tripped.length} times`);
    if (due && !due.isDue && tripped.length > 0) wrong("the account's breaker tripped, and is not due");
    if (step.look !== undefined) {
      const moment = looks.get(step.look);
      const account = moment && accounts.get(moment.account);
      if (moment && account) {
        looked++;
        for (const text of unlike(account, moment.hashes, inCluster))
          wrong(`look ${step.look} at ${moment.account}: ${text}`);
      }
    }
  }

  for (const [signal, answer] of told) {
    const outcome = outcomes.get(signal);
    if (outcome !== answer) wrongs.push(`${signal}: the bot was told ${answer}, the log says ${outcome}`);
  }
  for (const { flowId, account } of FLOWS) {
    if (flowId === MOVER) continue;
    const [seen, all] = [watched.get(flowId) ?? [], logs.get(account) ?? []];
    if (seen.join() !== all.join())
      wrongs.push(`a watcher of ${flowId} saw ${seen.length} events of account ${account}: ${missingOf(seen, all)}`);
  }
  const admitted = [...flows.values()].reduce((sum, flow) => sum + flow.admitted.size, 0);
  const accountTrips = [...accounts.values()].reduce((sum, account) => sum + account.trips, 0);
  return { wrongs, admitted, refused, fills, flowTrips, accountTrips, looks: looked, joins, leaves, restored };

  /** A booking of the flow: its effect, whether the flow's breaker tripped as it is due, and whether the account's is. */
  function book(
    flow: Flow,
    account: Account | undefined,
    amount: bigint,
    fields: Texts,
    wrong: (text: string) => void,
  ) {
    flow.books.pnl += amount;
    if (account) flow.booked += amount;
    const total = fields.get("daily_pnl") ?? "missing";
    if (decimal(total) !== flow.pnl) wrong(`the day's PnL is ${total}, and ${flow.pnl} e-8 by the books`);
    const isDue = (breaker: Breaker, pnl: bigint) => !breaker.active && amount < 0n && pnl <= -breaker.loss;
    const trips = isDue(flow.breaker, flow.pnl);
    if ((fields.get("tripped") === "1") !== trips) wrong(`the flow's breaker ${trips ? "did not trip" : "tripped"}`);
    if (trips) flowTrips++;
    flow.breaker.active ||= trips;
    return account && { account, isDue: isDue(account.breaker, account.pnl) };
  }

  function event(flow: Flow, account: Account | undefined, fields: Texts, wrong: (text: string) => void) {
    const text = (name: string) => fields.get(name) ?? "";
    switch (text("type")) {
      case "entry_admitted": {
        const { id, price, size } = JSON.parse(text("order"));
        const [signalId, pair, side] = [text("signal_id"), text("pair"), text("side")];
        const reason = reasonAgainst(flow, account, pair, size, price);
        if (reason) wrong(`${signalId} was admitted, against ${reason}`);
        if (outcomes.get(signalId) === "admitted") wrong(`${signalId} was admitted twice`);
        outcomes.set(signalId, "admitted");
        flow.admitted.add(signalId);
        flow.books.entries.set(id, { pair, side, size, price, filled: 0, positionId: "" });
        return undefined;
      }
      case "order_saved": {
        const { id, position_id } = JSON.parse(text("order"));
        flow.books.exits.set(id, position_id);
        return undefined;
      }
      case "order_cancelled": {
        const { id } = JSON.parse(text("order"));
        const entry = flow.books.entries.get(id);
        if (entry) flow.books.done.set(id, entry);
        flow.books.entries.delete(id);
        return undefined;
      }
      case "fill_recorded": {
        fills++;
        const [id, price, size] = [text("order_id"), Number(text("price")), Number(text("size"))];
        const { books } = flow;
        const exit = books.exits.get(id);
        const pnl = exit === undefined ? entryFill(books, fields, id, price, size) : exitFill(books, exit, price, size);
        if (typeof pnl === "string") return void wrong(pnl);
        const fee = decimal(text("fee") || "0");
        if (decimal(text("pnl")) !== pnl - fee)
          wrong(`the fill's result is ${text("pnl")}, and ${pnl - fee} e-8 by the books`);
        return book(flow, account, pnl - fee, fields, wrong);
      }
      case "position_closed": {
        if (!flow.books.positions.delete(text("id"))) wrong("a position was closed that is not open");
        return book(flow, account, decimal(text("pnl")), fields, wrong);
      }
      case "pnl_booked":
        return book(flow, account, decimal(text("pnl")), fields, wrong);
      case "cash_booked":
        return book(flow, account, decimal(text("amount")), fields, wrong);
      case "transfer_recorded":
        if (account) flow.transferred += decimal(text("amount"));
        return account && { account, isDue: false };
      case "limits_set": {
        const loss = fields.get("max_daily_loss");
        if (loss !== undefined) flow.breaker.loss = decimal(loss);
        if (text("tripped") === "1") wrong("the flow's breaker tripped by a limit that went up");
        return undefined;
      }
      case "breaker_tripped":
        flow.breaker.active = true;
        return undefined;
      case "breaker_reset":
        if (!flow.breaker.active) wrong("a breaker was reset that was not active");
        flow.breaker.active = false;
        return undefined;
      case "currency_set":
        return undefined;
      default:
        return void wrong(`the race knows no event ${text("type")}`);
    }
  }

  function accountEvent(account: Account | undefined, fields: Texts, wrong: (text: string) => void): void {
    if (!account) {
      wrong("nobody knows this account");
      return;
    }
    switch (fields.get("type")) {
      case "account_breaker_tripped":
        if (account.breaker.active) wrong("the account's breaker tripped, and was active already");
        account.breaker.active = true;
        account.trips++;
        return;
      case "account_breaker_reset":
        if (!account.breaker.active) wrong("the account's breaker was reset, and was not active");
        account.breaker.active = false;
        return;
      case "account_limits_set": {
        const loss = fields.get("max_daily_loss");
        if (loss !== undefined) account.breaker.loss = decimal(loss);
        return;
      }
      case "account_joined":
      case "account_left": {
        const flow = flows.get(fields.get("flow") ?? "");
        const isJoin = fields.get("type") === "account_joined";
        if (!flow || !account.flows.includes(flow) || account.members.has(flow) === isJoin)
          wrong(`${fields.get("flow")} ${isJoin ? "joined, and was in it" : "left, and was not in it"} or never is`);
        else if (isJoin) {
          account.members.add(flow);
          joins++;
        } else {
          account.members.delete(flow);
          leaves++;
        }
        return;
      }
      default:
        wrong(`the race knows no event ${fields.get("type")} of an account`);
    }
  }

  function refusal(flow: Flow, account: Account | undefined, fields: Texts, wrong: (text: string) => void): void {
    const stored = JSON.parse(fields.get("json") ?? "{}");
    const { signal_id: signalId, pair, reason } = stored;
    const [, , size, price] = String(signalId).split(":").map(Number);
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    outcomes.set(signalId, reason);
    const expected = reasonAgainst(flow, account, pair, size ?? 0, price ?? 0);
    if (reason !== expected) wrong(`${signalId} was refused for ${reason}, and ${expected ?? "nothing"} holds`);
  }
}

/** Why an entry may not go ahead, in the order of the contract: an account's reason right after the flow's own of its kind. */
function reasonAgainst(
  flow: Flow,
  account: Account | undefined,
  pair: string,
  size: number,
  price: number,
): string | undefined {
  const notional = times(size, price);
  const levels: { prefix: string; of: Flow | Account; limits: Limits }[] = [{ prefix: "", of: flow, limits: OF_FLOW }];
  if (account) levels.push({ prefix: "account_", of: account, limits: OF_ACCOUNT });
  const checks: [string, (of: Flow | Account, limits: Limits) => boolean][] = [
    ["circuit_breaker", ({ breaker }) => breaker.active],
    ["daily_loss", ({ breaker, pnl }) => pnl <= -breaker.loss],
    ["max_open_positions", (of, limits) => of.slots() + 1 > limits.max_open_positions],
    ["max_positions_per_pair", (of, limits) => of.slots(pair) + 1 > limits.max_positions_per_pair],
    ["max_exposure", (of, limits) => of.exposure() + notional > decimal(String(limits.max_exposure))],
  ];
  for (const [reason, holds] of checks) {
    for (const { prefix, of, limits } of levels) if (holds(of, limits)) return prefix + reason;
  }
  return undefined;
}

/** A fill of an entry: a position of one price, opened or grown. Answers what it books, or what is wrong. */
function entryFill(flow: Books, fields: Texts, id: string, price: number, size: number): bigint | string {
  const entry = flow.entries.get(id) ?? flow.done.get(id);
  if (!entry) return `a fill of order ${id}, which nobody made`;
  entry.filled += size;
  if (entry.filled >= entry.size && flow.entries.delete(id)) flow.done.set(id, entry);
  const open = flow.positions.get(entry.positionId);
  if (open) {
    if (open.price !== price) return `position ${entry.positionId} has a second entry price`;
    open.size += size;
    return 0n;
  }
  entry.positionId = fields.get("position_id") ?? "";
  flow.positions.set(entry.positionId, { pair: entry.pair, side: entry.side, price, size });
  return 0n;
}

/** A fill of an exit: of its position, then of the pair's others of that side, oldest first. Answers what it books, or what is wrong. */
function exitFill(flow: Books, positionId: string, price: number, size: number): bigint | string {
  const named = flow.positions.get(positionId) ?? flow.ended.get(positionId);
  if (!named) return `an exit of position ${positionId}, which nobody opened`;
  const others = [...flow.positions].filter(
    ([id, each]) => id !== positionId && each.pair === named.pair && each.side === named.side,
  );
  let [left, pnl] = [size, 0n];
  for (const [id, position] of [[positionId, named] as const, ...others]) {
    const part = Math.min(left, flow.positions.has(id) ? position.size : 0);
    if (part === 0) continue;
    pnl += (position.side === "long" ? 1n : -1n) * (times(part, price) - times(part, position.price));
    position.size -= part;
    left -= part;
    if (position.size === 0) {
      flow.positions.delete(id);
      flow.ended.set(id, position);
    }
  }
  return pnl;
}

/** The part of a flow that is not in the account. */
const NOTHING = { slots: () => 0, exposure: () => 0n };

/** What of an account, and of its flows, is stored otherwise than the books have it. */
function unlike(account: Account, [hash, ...ofFlows]: readonly Texts[], inCluster: boolean): string[] {
  const found: string[] = [];
  const same = (what: string, stored: string | undefined, expected: bigint | number) => {
    const units = typeof expected === "number" ? BigInt(expected) * 100_000_000n : expected;
    if (decimal(stored ?? "0") !== units) found.push(`${what} is ${stored}, and ${units} e-8 by the books`);
  };
  const sums = (prefix: string, stored: Texts | undefined, of: Pick<Flow, "slots" | "exposure">) => {
    same(`${prefix}notional`, stored?.get(`${prefix}notional`), of.exposure());
    same(`${prefix}slots`, stored?.get(`${prefix}slots`), of.slots());
    for (const pair of PAIRS) same(`${prefix}slots:${pair}`, stored?.get(`${prefix}slots:${pair}`), of.slots(pair));
  };
  sums("", hash, account);
  same("daily_pnl", hash?.get("daily_pnl"), account.pnl);
  const gained = account.flows.reduce((sum, { booked, transferred }) => sum + booked + transferred, 0n);
  same("equity", hash?.get("equity"), decimal(String(STARTING_EQUITY)) + gained);
  if ((hash?.get("breaker_reason") !== undefined) !== account.breaker.active)
    found.push("its breaker stands otherwise");
  for (const [at, flow] of account.flows.entries()) {
    sums(`${flow.id}|`, hash, account.members.has(flow) ? flow : NOTHING);
    same(`${flow.id}|booked`, hash?.get(`${flow.id}|booked`), flow.booked);
    same(`${flow.id}|transferred`, hash?.get(`${flow.id}|transferred`), flow.transferred);
    // It is at another place.
    if (inCluster && !account.members.has(flow)) continue;
    const [exposure, daily] = [ofFlows[2 * at], ofFlows[2 * at + 1]];
    same(`notional of ${flow.id}`, exposure?.get("notional"), flow.exposure());
    same(`slots of ${flow.id}`, exposure?.get("slots"), flow.slots());
    for (const pair of PAIRS) {
      const stored = Number(exposure?.get(`long:${pair}`) ?? 0) + Number(exposure?.get(`short:${pair}`) ?? 0);
      same(`slots of ${flow.id} on ${pair}`, String(stored), flow.slots(pair));
    }
    same(`PnL of ${flow.id}`, daily?.get("daily_pnl"), flow.pnl);
  }
  return found;
}

function missingOf(seen: readonly string[], all: readonly string[]): string {
  const missing = all.filter((id) => !seen.includes(id));
  return missing.length > 0 ? `not ${missing.slice(0, 3).join(", ")}` : "out of order, or twice";
}

/** Sizes have at most six places and prices two: their product is exact. */
function times(size: number, price: number): bigint {
  return BigInt(Math.round(size * 1_000_000)) * BigInt(Math.round(price * 100));
}
