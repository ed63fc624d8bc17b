/**
 * Judges a race by its event logs, in the order in which the server ran the steps, and by what is stored at the end. It keeps books of its own,
 * written from the contract: nothing of the product is used. Money is whole numbers of 0.00000001.
 */
import { decimal } from "../faults/decimal.js";
import { ACCOUNT_LOSS, ACCOUNTS, FLOW_LOSS, FLOWS, OF_ACCOUNT, OF_FLOW, PAIRS, STARTING_EQUITY } from "./race.js";
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

class Flow {
  /** Entries that are not done, and those that are: a late fill may still come. */
  readonly entries = new Map<string, Pending>();
  readonly done = new Map<string, Pending>();
  /** In the order in which they were opened. */
  readonly positions = new Map<string, Held>();
  /** Those that ended, as they were. */
  readonly ended = new Map<string, Held>();
  readonly exits = new Map<string, string>();
  readonly admitted = new Set<string>();
  readonly breaker: Breaker = { active: false, loss: decimal(String(FLOW_LOSS)) };
  pnl = 0n;
  transferred = 0n;

  constructor(readonly id: string) {}

  /** Each position takes a slot, and each entry that is not part of one. */
  slots(pair?: string): number {
    const positions = [...this.positions.values()].filter((each) => pair === undefined || each.pair === pair);
    const entries = [...this.entries.values()].filter(
      (each) => (pair === undefined || each.pair === pair) && !this.positions.has(each.positionId),
    );
    return positions.length + entries.length;
  }

  exposure(): bigint {
    let sum = 0n;
    for (const { size, price } of this.positions.values()) sum += times(size, price);
    for (const { size, filled, price } of this.entries.values()) sum += times(size - filled, price);
    return sum;
  }
}

class Account {
  readonly breaker: Breaker = { active: false, loss: decimal(String(ACCOUNT_LOSS)) };
  readonly flows: Flow[] = [];
  trips = 0;

  get pnl(): bigint {
    return this.flows.reduce((sum, { pnl }) => sum + pnl, 0n);
  }

  slots(pair?: string): number {
    return this.flows.reduce((sum, flow) => sum + flow.slots(pair), 0);
  }

  exposure(): bigint {
    return this.flows.reduce((sum, flow) => sum + flow.exposure(), 0n);
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
}

export interface Race {
  readonly steps: readonly Step[];
  /** What was looked up during the race, by the name of the look: an account's hash, then `risk:exposure` and `risk:daily` of each of its flows. */
  readonly looks: ReadonlyMap<string, { readonly account: string; readonly hashes: readonly Texts[] }>;
  /** What the bots were told of their signals. */
  readonly told: ReadonlyMap<string, string>;
  /** Ids of the account's events, as a watcher of each flow got them. */
  readonly watched: ReadonlyMap<string, readonly string[]>;
}

export function judge({ steps, looks, told, watched }: Race): Verdict {
  const wrongs: string[] = [];
  const refused = new Map<string, number>();
  const outcomes = new Map<string, string>();
  const flows = new Map<string, Flow>();
  const accounts = new Map<string, Account>(ACCOUNTS.map((name) => [name, new Account()]));
  const accountOf = new Map<string, Account>();
  const logs = new Map<string, string[]>(ACCOUNTS.map((name) => [name, []]));
  for (const { flowId, account: name } of FLOWS) {
    const [flow, account] = [new Flow(flowId), accounts.get(name)];
    flows.set(flowId, flow);
    account?.flows.push(flow);
    if (account) accountOf.set(flowId, account);
  }
  let [fills, flowTrips, looked] = [0, 0, 0];

  for (const step of steps) {
    const at = step.entries.map(({ key, id }) => `${key} ${id}`).join(", ");
    const wrong = (text: string) => void wrongs.push(`${at}: ${text}`);
    const accountEvents: Entry[] = [];
    let due: { readonly account: Account; readonly isDue: boolean } | undefined;
    // What a flow did comes first: its account's breaker trips for it.
    for (const entry of step.entries) {
      const [, owner = "", log = ""] = /^sf:([^:]+):(.*)$/.exec(entry.key) ?? [];
      if (owner.startsWith("@")) {
        accountEvents.push(entry);
        logs.get(owner.slice(1))?.push(entry.id);
        continue;
      }
      const [flow, account] = [flows.get(owner), accountOf.get(owner)];
      if (!flow || !account) wrong(`nobody knows flow ${owner}`);
      else if (log === "admission:refusals") refusal(flow, account, entry.fields, wrong);
      else if (log === "events:log") due = event(flow, account, entry.fields, wrong) ?? due;
    }
    const tripped = accountEvents.filter(({ fields }) => fields.get("type") === "account_breaker_tripped");
    for (const { key, fields } of accountEvents)
      accountEvent(accounts.get(key.slice(4).split(":")[0] ?? ""), fields, wrong);
    if (due?.isDue && tripped.length !== 1) wrong(`the account's breaker is due, and tripped ${tripped.length} times`);
    if (due && !due.isDue && tripped.length > 0) wrong("the account's breaker tripped, and is not due");
    if (step.look !== undefined) {
      const moment = looks.get(step.look);
      const account = moment && accounts.get(moment.account);
      if (moment && account) {
        looked++;
        for (const text of unlike(account, moment.hashes)) wrong(`look ${step.look} at ${moment.account}: ${text}`);
      }
    }
  }

  for (const [signal, answer] of told) {
    const outcome = outcomes.get(signal);
    if (outcome !== answer) wrongs.push(`${signal}: the bot was told ${answer}, the log says ${outcome}`);
  }
  for (const { flowId, account } of FLOWS) {
    const [seen, all] = [watched.get(flowId) ?? [], logs.get(account) ?? []];
    if (seen.join() !== all.join())
      wrongs.push(`a watcher of ${flowId} saw ${seen.length} events of account ${account}: ${missingOf(seen, all)}`);
  }
  const admitted = [...flows.values()].reduce((sum, flow) => sum + flow.admitted.size, 0);
  const accountTrips = [...accounts.values()].reduce((sum, account) => sum + account.trips, 0);
  return { wrongs, admitted, refused, fills, flowTrips, accountTrips, looks: looked };

  /** A booking of the flow: its effect, whether the flow's breaker tripped as it is due, and whether the account's is. */
  function book(flow: Flow, account: Account, amount: bigint, fields: Texts, wrong: (text: string) => void) {
    flow.pnl += amount;
    const total = fields.get("daily_pnl") ?? "missing";
    if (decimal(total) !== flow.pnl) wrong(`the day's PnL is ${total}, and ${flow.pnl} e-8 by the books`);
    const isDue = (breaker: Breaker, pnl: bigint) => !breaker.active && amount < 0n && pnl <= -breaker.loss;
    const trips = isDue(flow.breaker, flow.pnl);
    if ((fields.get("tripped") === "1") !== trips) wrong(`the flow's breaker ${trips ? "did not trip" : "tripped"}`);
    if (trips) flowTrips++;
    flow.breaker.active ||= trips;
    return { account, isDue: isDue(account.breaker, account.pnl) };
  }

  function event(flow: Flow, account: Account, fields: Texts, wrong: (text: string) => void) {
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
        flow.entries.set(id, { pair, side, size, price, filled: 0, positionId: "" });
        return undefined;
      }
      case "order_saved": {
        const { id, position_id } = JSON.parse(text("order"));
        flow.exits.set(id, position_id);
        return undefined;
      }
      case "order_cancelled": {
        const { id } = JSON.parse(text("order"));
        const entry = flow.entries.get(id);
        if (entry) flow.done.set(id, entry);
        flow.entries.delete(id);
        return undefined;
      }
      case "fill_recorded": {
        fills++;
        const [id, price, size] = [text("order_id"), Number(text("price")), Number(text("size"))];
        const exit = flow.exits.get(id);
        const pnl = exit === undefined ? entryFill(flow, fields, id, price, size) : exitFill(flow, exit, price, size);
        if (typeof pnl === "string") return void wrong(pnl);
        const fee = decimal(text("fee") || "0");
        if (decimal(text("pnl")) !== pnl - fee)
          wrong(`the fill's result is ${text("pnl")}, and ${pnl - fee} e-8 by the books`);
        return book(flow, account, pnl - fee, fields, wrong);
      }
      case "position_closed": {
        if (!flow.positions.delete(text("id"))) wrong("a position was closed that is not open");
        return book(flow, account, decimal(text("pnl")), fields, wrong);
      }
      case "pnl_booked":
        return book(flow, account, decimal(text("pnl")), fields, wrong);
      case "cash_booked":
        return book(flow, account, decimal(text("amount")), fields, wrong);
      case "transfer_recorded":
        flow.transferred += decimal(text("amount"));
        return { account, isDue: false };
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
        return;
      default:
        wrong(`the race knows no event ${fields.get("type")} of an account`);
    }
  }

  function refusal(flow: Flow, account: Account, fields: Texts, wrong: (text: string) => void): void {
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
function reasonAgainst(flow: Flow, account: Account, pair: string, size: number, price: number): string | undefined {
  const notional = times(size, price);
  const levels = [
    { prefix: "", of: flow, limits: OF_FLOW },
    { prefix: "account_", of: account, limits: OF_ACCOUNT },
  ] as const satisfies readonly { prefix: string; of: Flow | Account; limits: Limits }[];
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
function entryFill(flow: Flow, fields: Texts, id: string, price: number, size: number): bigint | string {
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
function exitFill(flow: Flow, positionId: string, price: number, size: number): bigint | string {
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

/** What of an account, and of its flows, is stored otherwise than the books have it. */
function unlike(account: Account, [hash, ...ofFlows]: readonly Texts[]): string[] {
  const found: string[] = [];
  const same = (what: string, stored: string | undefined, expected: bigint | number) => {
    const units = typeof expected === "number" ? BigInt(expected) * 100_000_000n : expected;
    if (decimal(stored ?? "0") !== units) found.push(`${what} is ${stored}, and ${units} e-8 by the books`);
  };
  const sums = (prefix: string, stored: Texts | undefined, of: Flow | Account) => {
    same(`${prefix}notional`, stored?.get(`${prefix}notional`), of.exposure());
    same(`${prefix}slots`, stored?.get(`${prefix}slots`), of.slots());
    for (const pair of PAIRS) same(`${prefix}slots:${pair}`, stored?.get(`${prefix}slots:${pair}`), of.slots(pair));
  };
  sums("", hash, account);
  same("daily_pnl", hash?.get("daily_pnl"), account.pnl);
  const gained = account.flows.reduce((sum, { pnl, transferred }) => sum + pnl + transferred, 0n);
  same("equity", hash?.get("equity"), decimal(String(STARTING_EQUITY)) + gained);
  if ((hash?.get("breaker_reason") !== undefined) !== account.breaker.active)
    found.push("its breaker stands otherwise");
  for (const [at, flow] of account.flows.entries()) {
    sums(`${flow.id}|`, hash, flow);
    same(`${flow.id}|booked`, hash?.get(`${flow.id}|booked`), flow.pnl);
    same(`${flow.id}|transferred`, hash?.get(`${flow.id}|transferred`), flow.transferred);
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
