/**
 * What needs a person in a flow that was read: one fact each, with its urgency, since when it holds, what it blocks and what to do. The command line, the
 * page, metrics and alerts all use these.
 */
import { ACCOUNT_LIMITS } from "../config/account.js";
import type { RiskLimitName } from "../config/risk-limits.js";
import { differingLimits } from "../doctor/limit-words.js";
import { LIFE_WORDS } from "../doctor/liveness-words.js";
import { lifeOf, livenessOf } from "../state/liveness.js";
import type { CircuitBreaker, Trade } from "../types.js";
import { amount, count, fraction, span, time } from "../words/in-words.js";
import { capital, sentences } from "../words/sentences.js";
import { shellLine } from "../words/shell-line.js";
import type { BreakerSource, WantKind } from "../words/word-lists.js";

export { WANT_KINDS, type WantKind } from "../words/word-lists.js";

import type { FlowReading } from "./flow-reading.js";
import type { Watched } from "./watched.js";

/** The worst first. `critical`: the flow does not do its work, or its state cannot be trusted. `warning`: it may come to that. `note`: good to know. */
export const URGENCIES = ["critical", "warning", "note"] as const;
export type Urgency = (typeof URGENCIES)[number];

export interface Want {
  /**
   * The same while the fact is the same; a breaker that trips again is another fact. Facts of an account have the same id in all its flows. For programs, not
   * for people.
   */
  readonly id: string;
  readonly flowId: string;
  readonly kind: WantKind;
  readonly urgency: Urgency;
  /** The account that the fact is about; absent for facts of the flow itself. */
  readonly account?: string;
  /** Since when; absent if that is not known. */
  readonly since?: Date;
  /** The fact as a sentence without the flow's name. It may contain stored text, such as reasons, unchanged and possibly of several lines. */
  readonly what: string;
  /** What it blocks, in words; "" for nothing. */
  readonly blocks: string;
  /** What a person does about it, in words. */
  readonly cure: string;
}

/** A limit is near when this fraction of it is used. */
export const NEAR = 0.8;

const ENTRIES = "entries are refused";

/** Part of a fact's id: distinguishes it from other facts of its kind. */
type Fact = Omit<Want, "id" | "flowId"> & { readonly subject: string };

/** All facts that need a person, the most urgent first, and among those the oldest first. `now` is by the flow's clock. */
export function wantsOf(reading: FlowReading, now: Date, watched: Watched): Want[] {
  const { flowId } = reading.snapshot;
  const facts = [
    ...breakerFacts(reading, now),
    ...recoveryFacts(reading, now, watched),
    ...lifeFacts(reading, now, watched),
    ...differenceFacts(reading),
    ...moneyFacts(reading),
    ...orderFacts(reading),
    ...limitFacts(reading, now, watched),
  ];
  return sorted(
    facts.map(({ subject, ...fact }) => ({
      ...fact,
      id: idOf(fact.account === undefined ? flowId : `@${fact.account}`, fact.kind, subject, fact.since),
      flowId,
    })),
  );
}

/** That a flow cannot be read, and why. */
export function unreadable(flowId: string, why: string): Want {
  return {
    id: idOf(flowId, "unreadable", ""),
    flowId,
    kind: "unreadable",
    urgency: "critical",
    what: `The flow cannot be read: ${why}`,
    blocks: "nobody sees how it stands",
    cure: `see whether the server and the bot run, then ${forFlow("doctor", flowId)}`,
  };
}

/** The most urgent first, then the oldest; facts without an age come last. */
export function sorted(wants: readonly Want[]): Want[] {
  const rank = ({ urgency }: Want) => URGENCIES.indexOf(urgency);
  const age = ({ since }: Want) => since?.getTime() ?? Number.MAX_SAFE_INTEGER;
  return [...wants].sort((a, b) => rank(a) - rank(b) || age(a) - age(b));
}

/** The whole for a person: what, since when, what it blocks, what to do. It has several lines if a reason has. */
export function wantText({ what, since, blocks, cure }: Want): string {
  return sentences(what, since ? `Since ${time(since)} UTC` : "", blocks, cure);
}

/** Whether a breaker that was read earlier still blocks entries. */
export function isActive({ active, until }: CircuitBreaker, now: Date): boolean {
  return active && (until === undefined || until > now);
}

/** Trades whose result nobody told, and what a person does about them. */
export function untoldWords(trades: readonly Trade[]): string {
  return `${untoldNames(trades)}: ${SEEN}`;
}

/** How a person marks an untold trade as seen. */
const SEEN =
  "record the fills that ended it, or book what it made, or 0: sf-state cash book AMOUNT --kind correction --position ID --id NAME";

function untoldNames(trades: readonly Trade[]): string {
  const names = trades.slice(0, 3).map(({ id, pair, untold = 0 }) => `${id} (${untold} ${pair})`);
  const more = trades.length > names.length ? ` and ${trades.length - names.length} more` : "";
  return `nobody told the result of ${names.join(", ")}${more}`;
}

function breakerFacts({ snapshot: { flowId, breaker, account } }: FlowReading, now: Date): Fact[] {
  const facts: Fact[] = [];
  const fact = (found: CircuitBreaker, whose: string, cure: string, of?: string, where = "") => {
    if (!isActive(found, now)) return;
    const { reason = "", source = "", until, trippedAt } = found;
    facts.push({
      kind: "breaker",
      urgency: "critical",
      ...(of !== undefined && { account: of }),
      ...(trippedAt && { since: trippedAt }),
      subject: of ?? "",
      what: `${whose} is tripped (${source}): ${reason}`,
      blocks: `${ENTRIES}${where} ${until ? `until ${time(until)} UTC` : "until somebody resets it"}`,
      cure: `when the cause is gone: ${cure}`,
    });
  };
  fact(breaker, "The circuit breaker", forFlow("breaker reset", flowId));
  if (account) {
    const reset = shellLine(["sf-state", "breaker", "reset", "--account", account.name]);
    fact(account.breaker, `The circuit breaker of account ${account.name}`, reset, account.name, " in all its flows");
  }
  return facts;
}

function recoveryFacts({ snapshot, recovery }: FlowReading, now: Date, { deadAfter }: Watched): Fact[] {
  const { flowId, recovering, instances } = snapshot;
  if (recovering === undefined) return [];
  const life = recovery && lifeOf(recovery, livenessOf(instances, now, deadAfter), now);
  const left =
    life === "gone"
      ? `; nobody holds it, ${recovery?.holder} left it unfinished`
      : recovery
        ? `; ${recovery.holder} holds it${life === "alive" ? "" : `, ${LIFE_WORDS[life ?? "quiet"]}`}`
        : "";
  return [
    {
      kind: "recovering",
      urgency: "critical",
      ...(recovery && { since: recovery.begunAt }),
      subject: recovery ? String(recovery.id) : "",
      what: `A recovery is under way: ${recovering}${left}`,
      blocks: `${ENTRIES} until it ends`,
      cure:
        life === "dead" || life === "gone"
          ? `${recover(flowId)} goes on with it`
          : `${forFlow("recovery show", flowId)} says what waits`,
    },
  ];
}

function lifeFacts({ snapshot, lease }: FlowReading, now: Date, watched: Watched): Fact[] {
  const { flowId, heartbeat, instances } = snapshot;
  const { maxAge, mustBeat, deadAfter } = watched;
  const liveness = livenessOf(instances, now, deadAfter);
  const facts: Fact[] = liveness.dead.map(({ id, lastHeartbeat }) => ({
    kind: "dead",
    urgency: "critical",
    since: lastHeartbeat,
    subject: id,
    what: `Bot ${id} gives no heartbeat and did not sign off`,
    blocks: liveness.alive.length === 0 ? "no bot works on this flow" : "",
    cure: `start it again, or ${forFlow("instances", flowId, "--prune")} if it will not come back`,
  }));
  if (heartbeat ? now.getTime() - heartbeat.getTime() > maxAge : mustBeat) {
    facts.push({
      kind: "stale",
      urgency: "critical",
      ...(heartbeat && { since: heartbeat }),
      subject: "",
      what: heartbeat
        ? `The state is stale: the last heartbeat is older than ${span(maxAge)}`
        : "No bot ever gave a heartbeat",
      blocks: "what the state says may not be so on the exchange",
      cure: heartbeat
        ? `before a bot works on it again: ${recover(flowId)}`
        : "let the bot call heartbeat() every few seconds",
    });
  }
  if (lease && lifeOf(lease, liveness, now) === "dead") {
    facts.push({
      kind: "dead_lease",
      urgency: "warning",
      subject: String(lease.token),
      what: `${lease.holder} holds the lease, ${LIFE_WORDS.dead}`,
      blocks: `no other bot takes over until ${time(lease.until)} UTC`,
      cure: `${forFlow("lease break", flowId)} frees it`,
    });
  }
  return facts;
}

function differenceFacts({ snapshot: { flowId }, differences = [] }: FlowReading): Fact[] {
  return differences.map(({ subject, found, since, reads }) => ({
    kind: "difference",
    urgency: reads > 1 ? "critical" : "warning",
    since,
    subject,
    what: `State and exchange differ in ${subject}: ${found}`,
    blocks: "",
    cure:
      reads > 1
        ? `${recover(flowId)} brings them in line`
        : "seen once: it may be on its way; if it lasts, it is told again",
  }));
}

function moneyFacts({ snapshot: { flowId, positions }, untold = [], guards }: FlowReading): Fact[] {
  const facts: Fact[] = [];
  const [first] = untold;
  if (first) {
    facts.push({
      kind: "untold",
      urgency: "critical",
      since: untold.reduce((oldest, { exitTs }) => (exitTs < oldest ? exitTs : oldest), first.exitTs),
      subject: "",
      what: capital(untoldNames(untold)),
      blocks: "the flow's PnL lacks it",
      cure: SEEN,
    });
  }
  const unpriced = positions.flatMap(({ id, unpriced: amounts = [] }) =>
    amounts.map(({ kind, currency, amount: paid }) => `${kind} of ${amount(paid)} ${currency} on ${id}`),
  );
  if (unpriced.length > 0) {
    facts.push({
      kind: "unpriced",
      urgency: "note",
      subject: "",
      what: `Amounts that nobody could price: ${unpriced.join(", ")}`,
      blocks: "they are in no sum",
      cure: "bookCash with the positionId prices them",
    });
  }
  if (guards && "unreadable" in guards) {
    facts.push({
      kind: "guards_unreadable",
      urgency: "critical",
      subject: "",
      what: `The guards cannot be read: ${guards.unreadable}`,
      blocks: "entries fail",
      cure: `connect a bot with risk.guards, or ${forFlow("risk clear-guards", flowId)}`,
    });
  }
  return facts;
}

function orderFacts({ snapshot: { flowId, orders } }: FlowReading): Fact[] {
  return orders
    .filter(({ status }) => status === "unknown")
    .map(({ id, pair, createdAt, intent }) => ({
      kind: "unknown_order",
      urgency: "warning",
      since: createdAt,
      subject: id,
      what: `Nobody knows what became of order ${id} of ${pair}`,
      blocks: intent === "entry" ? "it keeps its slot and its part of the exposure" : "",
      cure: `ask the exchange: ${recover(flowId)}`,
    }));
}

function limitFacts({ snapshot }: FlowReading, now: Date, watched: Watched): Fact[] {
  const { flowId, risk, limits, account, breaker } = snapshot;
  const { currentDrawdown, dailyPnl, consecutiveLosses } = risk;
  const facts = nearFacts(
    { dailyPnl, currentDrawdown, consecutiveLosses },
    (name) => limits[name],
    isActive(breaker, now) ? breaker.source : undefined,
    { what: "", see: forFlow("risk", flowId) },
  );
  if (account) {
    const { name, limits: ofAccount } = account;
    facts.push(
      ...nearFacts(
        { dailyPnl: account.dailyPnl, currentDrawdown: account.currentDrawdown, consecutiveLosses: 0 },
        (limit) => {
          const known = ACCOUNT_LIMITS.find((each) => each === limit);
          return known && ofAccount[known];
        },
        isActive(account.breaker, now) ? account.breaker.source : undefined,
        {
          account: name,
          what: ` of account ${name}`,
          see: shellLine(["sf-state", "account", "status", "--account", name]),
        },
      ),
    );
  }
  if (limits.max_drawdown !== undefined && risk.peakEquity <= 0) {
    facts.push({
      kind: "blind_limit",
      urgency: "note",
      subject: "max_drawdown",
      what: "No equity is known: max_drawdown limits nothing",
      blocks: "",
      cure: "set risk.starting_equity, or report equity with updateEquity",
    });
  }
  const differing = differingLimits(watched.limits, snapshot.limitOrigins);
  if (differing.length > 0) {
    facts.push({
      kind: "limits_differ",
      urgency: "note",
      subject: "",
      what: capital(differing.join("; ")),
      blocks: "",
      cure: `${forFlow("risk unset NAME", flowId)} gives it back to the configuration`,
    });
  }
  return facts;
}

/**
 * Limits that trip a breaker and are nearly reached. A limit that tripped the active breaker, or is reached while a breaker is active, is left out: the
 * breaker's fact covers it.
 */
function nearFacts(
  risk: { readonly dailyPnl: number; readonly currentDrawdown: number; readonly consecutiveLosses: number },
  limit: (name: RiskLimitName) => number | undefined,
  tripped: BreakerSource | undefined,
  whose: { readonly account?: string; readonly what: string; readonly see: string },
): Fact[] {
  const facts: Fact[] = [];
  const fact = (
    source: BreakerSource,
    name: RiskLimitName,
    used: number,
    isNear: (most: number) => boolean,
    what: string,
  ) => {
    const most = limit(name);
    if (most === undefined || tripped === source || !isNear(most)) return;
    const isReached = used >= most;
    if (isReached && tripped !== undefined) return;
    facts.push({
      kind: "limit_near",
      urgency: "warning",
      ...(whose.account !== undefined && { account: whose.account }),
      subject: `${whose.account ?? ""}:${name}`,
      what: `${name}${whose.what} is ${isReached ? "reached" : "near"}: ${what} of ${name === "max_drawdown" ? fraction(most) : amountOr(name, most)}`,
      blocks: "",
      cure: isReached ? whose.see : `the breaker trips when it is reached: ${whose.see}`,
    });
  };
  const { dailyPnl, currentDrawdown, consecutiveLosses: losses } = risk;
  fact(
    "daily_loss",
    "max_daily_loss",
    -dailyPnl,
    (most) => -dailyPnl >= NEAR * most,
    `a loss of ${amount(-dailyPnl)} today`,
  );
  fact(
    "drawdown",
    "max_drawdown",
    currentDrawdown,
    (most) => currentDrawdown >= NEAR * most,
    `${fraction(currentDrawdown)} below peak`,
  );
  // With few losses a fraction says little: what counts is whether one more trips the breaker.
  const isLast = (most: number) => losses > 0 && losses >= most - 1;
  fact("consecutive_losses", "max_consecutive_losses", losses, isLast, `${count(losses, "loss", "losses")} in a row`);
  return facts;
}

function amountOr(name: RiskLimitName, value: number): string {
  return name === "max_daily_loss" ? amount(value) : String(value);
}

function recover(flowId: string): string {
  return `${forFlow("recover", flowId)} --exchange ID`;
}

function forFlow(command: string, flowId: string, ...more: readonly string[]): string {
  return shellLine(["sf-state", ...command.split(" "), "--flow", flowId, ...more]);
}

function idOf(flowId: string, kind: WantKind, subject: string, since?: Date): string {
  return JSON.stringify([flowId, kind, subject, since?.getTime() ?? 0]);
}
