/** A flow's status in words. */
import { ACCOUNT_LIMITS } from "../../config/account.js";
import { RISK_LIMITS, type RiskLimitName } from "../../config/risk-limits.js";
import { differingLimits } from "../../doctor/limit-words.js";
import { aliveWords, LIFE_WORDS } from "../../doctor/liveness-words.js";
import type { SnapshotTold } from "../../snapshot-file.js";
import { type Liveness, lifeOf, livenessOf } from "../../state/liveness.js";
import type { AccountStatus, CircuitBreaker, Instance, RiskLimitOrigin } from "../../types.js";
import { isActive, untoldWords, type WantKind, wantsOf } from "../../wants/wants.js";
import type { Watched } from "../../wants/watched.js";
import { ago, amount, count, durationText, fraction, gain, left, span, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { admissionWords } from "../admission-words.js";
import { guardWords } from "../guard-words.js";
import { isNarrow } from "../narrow.js";
import { orderTable, positionTable } from "../record-tables.js";
import type { Colours, Terminal } from "../terminal.js";
import type { FlowStatus } from "./flow-status.js";

/** Kinds of wants for which status, ls and top raise an alarm. */
const ALARMS: readonly WantKind[] = ["breaker", "recovering", "stale", "dead", "untold"];

/** Why a person should look at a flow, in a word or two each. */
export function alarmsOf(status: FlowStatus, now: Date, watched: Watched): string[] {
  const wants = wantsOf(status, now, watched).filter(({ kind }) => ALARMS.includes(kind));
  const words = wants.map(({ kind, account }) => (account === undefined ? kind : `account ${kind}`));
  return [...new Set(words)].sort((a, b) => rank(a) - rank(b));
}

function rank(alarm: string): number {
  return ALARMS.findIndex((kind) => alarm.endsWith(kind)) * 2 + (alarm.startsWith("account") ? 1 : 0);
}

/** One flow in full. `place`: where it is. */
export function statusText(
  terminal: Terminal,
  { snapshot, lease, recovery, guards, untold = [], snapshotFile }: FlowStatus,
  place: string,
  now: Date,
  watched: Watched,
  wide?: true,
): string {
  const alarms = alarmsOf({ snapshot, untold }, now, watched);
  const liveness = livenessOf(snapshot.instances, now, watched.deadAfter);
  const { bold, dim, red, yellow } = terminal.colours;
  const { account, risk, positions, orders, recovering, instances, heartbeat } = snapshot;
  const lines: [string, string][] = [
    ["breaker", breakerWords(terminal.colours, snapshot.breaker, now)],
    [
      "pnl today",
      `${money(terminal.colours, risk.dailyPnl)}, ${count(risk.dailyTrades, "trade")} ${dim(`(${risk.day})`)}`,
    ],
    ["streak", risk.consecutiveLosses === 0 ? "no losses" : count(risk.consecutiveLosses, "loss", "losses")],
    ["drawdown", drawdownWords(terminal.colours, snapshot)],
    ["entries", snapshot.admissions ? admissionWords(snapshot.admissions) : "not told"],
    ["cooldowns", cooldownWords(snapshot, now)],
    ["limits", limitWords(terminal.colours, RISK_LIMITS, snapshot.limitOrigins, now) || "none"],
    ...(account ? [["account", accountWords(terminal.colours, account, now)] satisfies [string, string]] : []),
    ...(guards ? [["guards", guardsWords(terminal.colours, guards, now)] satisfies [string, string]] : []),
    ["heartbeat", heartbeatWords(terminal.colours, heartbeat, now, alarms.includes("stale"))],
    ["instances", instancesWords(terminal, instances, liveness, now, wide)],
  ];
  if (!snapshotFile) {
    const free = lease === undefined || lease.until <= now;
    const isDead = lease !== undefined && lifeOf(lease, liveness, now) === "dead";
    lines.push([
      "lease",
      free
        ? "free"
        : `${lease.holder}, ${left(lease.until, now)} ${dim(`(token ${lease.token})`)}${
            isDead ? red(`, ${LIFE_WORDS.dead}: sf-state lease break frees it`) : ""
          }`,
    ]);
  }
  const unpriced = positions.flatMap(({ id, unpriced: amounts = [] }) =>
    amounts.map(({ kind, currency, amount: paid }) => `${kind} of ${amount(paid)} ${currency} on ${id}`),
  );
  if (unpriced.length > 0)
    lines.push(["unpriced", yellow(`${unpriced.join(", ")}: in no sum until bookCash prices it`)]);
  if (untold.length > 0) lines.push(["untold", red(untoldWords(untold))]);
  const differing = differingLimits(watched.limits, snapshot.limitOrigins);
  if (differing.length > 0) lines.push(["differs", yellow(differing.join("; "))]);
  if (recovering !== undefined) {
    if (recovery) lines.unshift(["", recoveryWords(recovery, liveness, now)]);
    lines.unshift(["recovering", red(`entries are refused: ${recovering}`)]);
  }

  const head = `${bold(snapshot.flowId)}  ${dim(`${place}  ${time(now)} UTC`)}\n`;
  const old = snapshotFile
    ? `${yellow(`A bot holds the file. This is its snapshot of ${ago(snapshot.at, now)}: ${printable(snapshotFile)}`)}\n`
    : "";
  const body = lines.map(([name, words]) => `${dim(name.padEnd(12))}${printable(words)}\n`).join("");
  const trades =
    positions.length === 0
      ? `${dim("positions".padEnd(12))}none\n`
      : `\n${bold(count(positions.length, "position"))}\n${positionTable(terminal, positions, now, wide)}`;
  const pending =
    orders.length === 0
      ? `${dim("orders".padEnd(12))}none\n`
      : `\n${bold(count(orders.length, "pending order"))}\n${orderTable(terminal, orders, now, wide)}`;
  return head + old + body + trades + pending;
}

/** Who holds or left the recovery, and what to do if nobody continues it. */
function recoveryWords(recovery: NonNullable<FlowStatus["recovery"]>, liveness: Liveness, now: Date): string {
  const { holder, begunAt } = recovery;
  const begun = `begun ${ago(begunAt, now)}`;
  switch (lifeOf(recovery, liveness, now)) {
    case "gone":
      return `${begun}; nobody holds it, ${holder} left it unfinished: sf-state recover goes on with it, sf-state recovery end gives it up`;
    case "dead":
      return `${begun}; held by ${holder}, ${LIFE_WORDS.dead}: sf-state recovery end frees entries`;
    default:
      return `${begun}; held by ${holder}: sf-state recovery show`;
  }
}

/** If there are more bots, they are only counted, and the dead are named. */
const NAMED = 6;

function instancesWords(
  terminal: Terminal,
  instances: readonly Instance[],
  liveness: Liveness,
  now: Date,
  wide: true | undefined,
): string {
  const { dim, red } = terminal.colours;
  if (instances.length > NAMED && isNarrow(terminal, wide)) return countedWords(terminal.colours, liveness, now);
  const each = instances.map((instance) => {
    const { id, lastHeartbeat, version } = instance;
    const name = liveness.dead.includes(instance) ? red(`${id} (dead)`) : id;
    return `${name} ${dim(`${version ?? "before 0.2"}, ${ago(lastHeartbeat, now)}`)}`;
  });
  if (each.length === 0) return "none";
  return liveness.dead.length === 0 ? each.join(", ") : `${red(aliveWords(liveness))}: ${each.join(", ")}`;
}

/** `45 alive, 2 dead: a (3 h ago), b (2 d ago)`. */
export function countedWords({ red }: Colours, { alive, dead }: Liveness, now: Date): string {
  if (dead.length === 0) return `${alive.length} alive`;
  const named = dead.slice(0, NAMED).map(({ id, lastHeartbeat }) => `${id} (${ago(lastHeartbeat, now)})`);
  const more = dead.length > named.length ? ` and ${dead.length - named.length} more` : "";
  return `${alive.length} alive, ${red(`${dead.length} dead: ${named.join(", ")}${more}`)}`;
}

export function breakerWords({ red, green, dim }: Colours, breaker: CircuitBreaker, now: Date): string {
  if (!isActive(breaker, now)) return green("quiet");
  const { reason = "", source = "", until } = breaker;
  const end = until ? `${left(until, now)}, until ${time(until)}` : "until it is reset";
  return `${red("TRIPPED")} ${reason} ${dim(`(${source})`)}, ${end}`;
}

function money({ red, green }: Colours, value: number): string {
  return value < 0 ? red(gain(value)) : value > 0 ? green(gain(value)) : gain(value);
}

function drawdownWords({ yellow }: Colours, { risk, limits }: SnapshotTold): string {
  const words = `${fraction(risk.currentDrawdown)} of a peak of ${amount(risk.peakEquity)}`;
  const isBlind = limits.max_drawdown !== undefined && risk.peakEquity <= 0;
  return isBlind ? `${words}, ${yellow("no equity is known: max_drawdown limits nothing")}` : words;
}

function cooldownWords({ signals }: SnapshotTold, now: Date): string {
  const running = Object.entries(signals.cooldowns).filter(([, end]) => end > now);
  return running.map(([pair, end]) => `${pair} ${span(end.getTime() - now.getTime())}`).join(", ") || "none";
}

/** An account in one line: its breaker, what its flows hold and booked, its limits. */
export function accountWords(colours: Colours, account: AccountStatus, now: Date): string {
  const { name, breaker, breakerDuration, currency, dailyPnl, equity, exposure, slots, currentDrawdown, peakEquity } =
    account;
  const equityWords =
    equity === undefined
      ? ""
      : `, equity ${amount(equity)}, ${fraction(currentDrawdown)} below a peak of ${amount(peakEquity)}`;
  const held = `${count(slots, "slot")}, exposure ${amount(exposure)} ${currency}`;
  return `${name}: ${breakerWords(colours, breaker, now)}; ${money(colours, dailyPnl)} today, ${held}${equityWords}; ${
    limitWords(colours, ACCOUNT_LIMITS, account.limitOrigins, now) || "no limits"
  }; breaker_duration ${durationText(breakerDuration.value)}`;
}

/** Limits in one line, each with who set it. */
function limitWords<Name extends RiskLimitName>(
  { dim }: Colours,
  names: readonly Name[],
  origins: { readonly [name in Name]?: RiskLimitOrigin },
  now: Date,
): string {
  const set = names.flatMap((name) => {
    const limit: RiskLimitOrigin | undefined = origins[name];
    if (limit === undefined) return [];
    const { value, by, who = "", at } = limit;
    return [`${name} ${value}${by === undefined || at === undefined ? "" : dim(` (${by}, ${who}, ${ago(at, now)})`)}`];
  });
  return set.join(", ");
}

function heartbeatWords({ red }: Colours, heartbeat: Date | undefined, now: Date, isStale: boolean): string {
  const words = heartbeat ? ago(heartbeat, now) : "never";
  return isStale ? red(`${words}, stale`) : words;
}

function guardsWords({ red, yellow }: Colours, guards: NonNullable<FlowStatus["guards"]>, now: Date): string {
  if ("unreadable" in guards) return red(guards.unreadable);
  const blocks = guards.blocks
    .filter(({ until }) => until > now)
    .map(({ message, until }) => `${message} (${left(until, now)})`);
  if (blocks.length > 0) return yellow(`entries are refused: ${blocks.join("; ")}`);
  return guards.guards.map(guardWords).join(", ") || "none";
}
