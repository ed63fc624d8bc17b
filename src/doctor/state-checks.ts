/** Checks a stored state, on any backend. */

import type { RiskLimits } from "../config/risk-limits.js";
import { parseGuards } from "../config/schema.js";
import { formatMoney } from "../exact/money.js";
import { fillState } from "../layout/convert.js";
import type { Entry, FlowLayout } from "../layout/flow-layout.js";
import { DERIVED } from "../layout/key-layouts.js";
import { instancesView } from "../operations/view-instances.js";
import { originsView } from "../operations/view-limits.js";
import { isUntold } from "../state/amendment.js";
import { marketStored } from "../state/currency.js";
import { notionalOf, orderNotional } from "../state/exposure.js";
import { FlowState, SCHEMA_VERSION } from "../state/flow-state.js";
import { blocksNow, guardsIn } from "../state/guards.js";
import { type Liveness, lifeOf, livenessOf } from "../state/liveness.js";
import { unpricedOf, withAllUnpriced } from "../state/unpriced.js";
import { errorText } from "../words/error-text.js";
import { count, roughSpan } from "../words/in-words.js";
import { type Finding, findingsOf, some } from "./finding.js";
import { differingLimits } from "./limit-words.js";
import { aliveWords, LIFE_WORDS } from "./liveness-words.js";

/** The configuration that a state is compared with. */
export interface Expected {
  /** `recovery.max_state_age`, ms. */
  readonly maxStateAge: number;
  /** `execution.dead_after`, ms. */
  readonly deadAfter: number;
  /** The configured risk limits. */
  readonly limits: RiskLimits;
}

export interface StateFacts extends Expected {
  readonly layout: FlowLayout;
  /** The flow's clock, ms. */
  readonly now: number;
}

/** A bot that is silent for this long is not working, or gives no heartbeats, ms. */
const QUIET = 5 * 60_000;

/** A cooldown or a lease that ends later than this was hardly meant, ms. */
const FAR = 30 * 86_400_000;

/** How far a time may lie ahead of the flow's clock before it is odd, ms. */
const AHEAD = 60_000;

const HEAL = "sf-state backup, then restore of that file with --replace, makes the sums anew";
const BY_HAND = "compare with the exchange, then put it right with savePosition, saveOrder or removeOrder";

export function checkState({ layout, now, maxStateAge, deadAfter, limits }: StateFacts): Finding[] {
  const schema = schemaFindings(layout);
  if (schema.some(({ level }) => level === "problem")) return schema;
  const state = new FlowState();
  const unreadable = fillState(state, layout);
  return [
    ...schema,
    ...findingsOf(
      "records",
      (found) => {
        for (const { key, why } of unreadable) {
          found.problem(
            `${key} cannot be read: ${why}`,
            "every call that meets it fails; put the record right by hand, or restore a backup",
          );
        }
      },
      "every record can be read",
    ),
    // If records cannot be read, what follows from them would be wrong, too.
    ...(unreadable.length === 0 ? exposureFindings(state, layout) : []),
    ...orderFindings(state),
    ...moneyFindings(state),
    ...breakerFindings(state, now),
    ...guardFindings(state, now),
    ...limitFindings(state, limits),
    ...equityFindings(state),
    ...recoveryFindings(state, now, deadAfter),
    ...leaseFindings(state, now, deadAfter),
    ...instanceFindings(state, now, deadAfter),
    ...heartbeatFindings(state, now, maxStateAge),
    ...cooldownFindings(state, now),
    ...clockFindings(state, now),
  ];
}

function schemaFindings({ entries }: FlowLayout): Finding[] {
  const schema = entries["flow:meta"].find(([name]) => name === "schema")?.[1];
  return findingsOf(
    "schema",
    (found) => {
      if (Number(schema) > SCHEMA_VERSION) {
        found.problem(`written by schema ${schema}, this version knows ${SCHEMA_VERSION}`, "upgrade signalflow-state");
      }
      if (Number(schema) < SCHEMA_VERSION) {
        found.problem(
          `of schema ${schema}, this version works on ${SCHEMA_VERSION}`,
          "bots of this version cannot open it: sf-state migrate",
        );
      }
    },
    `version ${schema}`,
  );
}

function exposureFindings(state: FlowState, layout: FlowLayout): Finding[] {
  const derived = fieldsOf(DERIVED["risk:exposure"]?.render(state) ?? []);
  const stored = fieldsOf(layout.entries["risk:exposure"].filter(([, value]) => value !== "0"));
  return findingsOf(
    "sums",
    (found) => {
      for (const field of new Set([...derived.keys(), ...stored.keys()])) {
        const [kept, true_] = [stored.get(field) ?? "0", derived.get(field) ?? "0"];
        if (kept !== true_) {
          found.problem(
            `risk:exposure ${field} is ${kept}, positions and orders add up to ${true_}`,
            `admission decides by the wrong sum; ${HEAL}`,
          );
        }
      }
      for (const { id, pair, notional, size, entry_price, rate } of state.positions.values()) {
        // The exposure of entries at several rates cannot be computed from anything else.
        if (rate !== null || marketStored(state, pair).inverse) continue;
        const expected = notionalOf(size, entry_price);
        if (notional !== expected) {
          found.problem(
            `position ${id} takes ${formatMoney(notional)} of the exposure, size x price is ${formatMoney(expected)}`,
            `save the position again (updatePosition with its size), then ${HEAL}`,
          );
        }
      }
      for (const order of state.orders.values()) {
        const expected = orderNotional(marketStored(state, order.pair), order);
        if (order.notional !== expected) {
          found.problem(
            `order ${order.id} takes ${formatMoney(order.notional)} of the exposure, its unfilled rest is ${formatMoney(expected)}`,
            `save the order again with saveOrder, then ${HEAL}`,
          );
        }
      }
    },
    `exposure ${formatMoney(state.exposure.notional)} in ${count(state.exposure.slots, "slot")} is the sum of positions and orders`,
  );
}

function fieldsOf(entries: readonly Entry[]): Map<string, string> {
  return new Map(entries.map(([name = "", value = ""]) => [name, value]));
}

/** Things that are in no sum: unpriced amounts, and sizes whose result nobody told. */
function moneyFindings(state: FlowState): Finding[] {
  return findingsOf(
    "money",
    (found) => {
      const open = [...state.positions.values()].filter(({ unpriced }) => unpriced !== null);
      const trades = [...state.closedTrades.values()].map((trade) => {
        const later = state.amendments.get(trade.key);
        return {
          name: `${trade.id} (${trade.key})`,
          unpriced: withAllUnpriced(trade.unpriced, unpricedOf(later?.unpriced ?? null)),
          untold: isUntold(state, trade),
        };
      });
      const ended = trades.filter(({ unpriced }) => unpriced !== null);
      const price =
        "they are in no sum: bookCash with the positionId prices a fee (kind fee, its currency and rate) or a result (kind correction)";
      if (open.length > 0) {
        const names = open.map(({ id, unpriced }) => `${id}: ${unpriced}`);
        found.note(`${count(open.length, "position")} with amounts that nobody could price: ${some(names)}`, price);
      }
      if (ended.length > 0) {
        const names = ended.map(({ name, unpriced }) => `${name}: ${unpriced}`);
        found.note(`${count(ended.length, "trade")} with amounts that nobody could price: ${some(names)}`, price);
      }
      const untold = trades.filter((trade) => trade.untold).map(({ name }) => name);
      if (untold.length > 0) {
        found.problem(
          `${count(untold.length, "trade")} with a result that nobody told: ${some(untold)}`,
          "book the fills that ended them with recordFill, or what they made, or 0: sf-state cash book AMOUNT --kind correction --position ID --id NAME",
        );
      }
    },
    "every result is told, and priced",
  );
}

function orderFindings(state: FlowState): Finding[] {
  const { closedOrders, closedAt, orders, positions } = state;
  return findingsOf(
    "orders",
    (found) => {
      const undated = Array.from(closedOrders.values(), ({ id }) => id).filter((id) => closedAt.get(id) === undefined);
      if (undated.length > 0) {
        found.problem(
          `orders:closed has ${count(undated.length, "order")} without a time in orders:closed_at: ${some(undated)}`,
          "they are never forgotten; HDEL them from orders:closed",
        );
      }
      const gone = Array.from(closedAt.entries(), ([id]) => id).filter((id) => closedOrders.get(id) === undefined);
      if (gone.length > 0) {
        found.problem(
          `orders:closed_at names ${count(gone.length, "order")} that orders:closed lacks: ${some(gone)}`,
          "a fill that comes late for them is refused; ZREM them from orders:closed_at",
        );
      }
      for (const { id, pair, size } of positions.values()) {
        if (size <= 0) found.problem(`position ${id} of ${pair} has the size ${size}`, BY_HAND);
      }
      for (const { id, intent, position_id } of orders.values()) {
        if (intent === "exit" && position_id !== null && positions.get(position_id) === undefined) {
          found.note(
            `order ${id} is to close position ${position_id}, which is not open`,
            "cancel it on the exchange and with cancelOrder",
          );
        }
      }
      const unknown = Array.from(orders.values()).filter(({ status }) => status === "unknown");
      if (unknown.length > 0) {
        found.note(
          `${count(unknown.length, "order")} in status unknown: ${some(unknown.map(({ id }) => id))}`,
          "they keep their reservations until somebody asks the exchange: sf-state recover",
        );
      }
    },
    `${count(positions.size, "position")}, ${count(orders.size, "pending order")}, ${count(closedOrders.size, "closed order")} kept`,
  );
}

function breakerFindings({ breaker: { value } }: FlowState, now: number): Finding[] {
  return findingsOf(
    "breaker",
    (found) => {
      if (!value || (value.until !== null && value.until <= now)) return;
      const since = roughSpan(Math.max(0, now - value.tripped_at));
      if (value.until === null) {
        found.note(
          `active since ${since}, until somebody resets it: ${value.reason}`,
          "it blocks entries; when the cause is gone: sf-state breaker reset",
        );
      } else {
        found.note(
          `active since ${since}, for another ${roughSpan(value.until - now)}: ${value.reason}`,
          value.until - now > FAR
            ? "that is a long time: was it meant? sf-state breaker reset ends it"
            : "it blocks entries until then; sf-state breaker reset ends it sooner",
        );
      }
      if (value.tripped_at > now + AHEAD) {
        found.problem(
          `it was tripped ${roughSpan(value.tripped_at - now)} in the future`,
          "the clock has stepped back: see to the server's time, then reset the breaker",
        );
      }
    },
    "quiet",
  );
}

function guardFindings({ meta, guardTrades }: FlowState, now: number): Finding[] {
  const stored = meta.value?.guards ?? "";
  const fault = guardsFault(stored);
  const guards = fault === undefined ? guardsIn(stored) : [];
  return findingsOf(
    "guards",
    (found) => {
      if (fault !== undefined) {
        found.problem(
          `those in flow:meta cannot be read: ${fault}`,
          "entries fail until they can: connect a bot with risk.guards, or sf-state risk clear-guards",
        );
      }
      for (const { message, until } of blocksNow(guards, [...guardTrades.entries()], now)) {
        found.note(
          `${message}; for another ${roughSpan(until.getTime() - now)}`,
          "entries are refused until then; sf-state risk clear-guards removes all guards",
        );
      }
    },
    guards.length === 0 ? "none" : `${count(guards.length, "guard")}, none blocks now`,
  );
}

/** What is wrong with the stored text of guards; undefined if it is right. */
function guardsFault(stored: string): string | undefined {
  if (stored === "") return undefined;
  try {
    parseGuards(JSON.parse(stored));
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

function equityFindings(state: FlowState): Finding[] {
  const { equity, peak_equity } = state.risk.value ?? { equity: null, peak_equity: "0" };
  return findingsOf(
    "equity",
    (found) => {
      if (state.limit("max_drawdown") !== undefined && Number(peak_equity) <= 0) {
        found.note(
          "max_drawdown limits nothing: no equity is known",
          "set risk.starting_equity, or report equity with updateEquity",
        );
      }
    },
    equity === null ? "not known, and no limit needs it" : `${equity}, peak ${peak_equity}`,
  );
}

/** Limits that differ from the configuration: a call set them, or another configuration did. */
function limitFindings(state: FlowState, configured: RiskLimits): Finding[] {
  return findingsOf("limits", (found) => {
    for (const words of differingLimits(configured, originsView(state.limits, state.limitsBy))) {
      found.note(
        words,
        "sf-state risk unset NAME gives it back to the configuration, sf-state risk set NAME=VALUE sets it",
      );
    }
  });
}

function recoveryFindings(state: FlowState, now: number, deadAfter: number): Finding[] {
  const { meta, recovery } = state;
  const { value } = meta;
  return findingsOf(
    "recovery",
    (found) => {
      if (!value?.recovering) return;
      const what = `a recovery has begun and not ended: ${value.recovering}`;
      const life = recovery.value && lifeOf(heldBy(recovery.value), livenessIn(state, now, deadAfter), new Date(now));
      const holder = recovery.value?.holder;
      if (life === "dead" || life === "gone") {
        found.problem(
          `${what}; ${life === "dead" ? `${holder} holds it, ${LIFE_WORDS.dead}` : `nobody holds it, ${holder} left it unfinished`}`,
          "entries are refused until it ends: run sf-state recover again; or look with sf-state recovery show, and give it up with sf-state recovery end",
        );
        return;
      }
      found.problem(
        `${what}${holder === undefined ? "" : `; ${holder} holds it`}`,
        "entries are refused until it ends: sf-state recovery show says what waits",
      );
    },
    "none under way",
  );
}

function livenessIn(state: FlowState, now: number, deadAfter: number): Liveness {
  return livenessOf(instancesView(state), new Date(now), deadAfter);
}

function heldBy({ holder, until }: { readonly holder: string; readonly until: number }) {
  return { holder, until: new Date(until) };
}

function instanceFindings(state: FlowState, now: number, deadAfter: number): Finding[] {
  const liveness = livenessIn(state, now, deadAfter);
  const { alive, dead } = liveness;
  return findingsOf(
    "instances",
    (found) => {
      if (dead.length === 0) return;
      const names = dead.map(({ id, lastHeartbeat }) => `${id}, for ${roughSpan(now - lastHeartbeat.getTime())}`);
      found.problem(
        `${aliveWords(liveness)}; silent: ${some(names)}`,
        "start what is down again; sf-state instances --prune forgets those that will not come back",
      );
    },
    alive.length === 0 ? undefined : aliveWords(liveness),
  );
}

function leaseFindings(state: FlowState, now: number, deadAfter: number): Finding[] {
  const { value } = state.lease;
  const isHeld = value !== undefined && value.until > now;
  return findingsOf(
    "lease",
    (found) => {
      if (!isHeld) return;
      if (value.until - now > FAR) {
        found.problem(
          `${value.holder} holds it for another ${roughSpan(value.until - now)}`,
          "nobody else can take over before: stop that bot, then sf-state lease break",
        );
        return;
      }
      if (lifeOf(heldBy(value), livenessIn(state, now, deadAfter), new Date(now)) === "dead") {
        found.problem(
          `${value.holder} holds it, ${LIFE_WORDS.dead}; without renewal it ends in ${roughSpan(value.until - now)}`,
          "sf-state lease break lets another bot take over at once",
        );
      }
    },
    isHeld ? `held by ${value.holder} for another ${roughSpan(value.until - now)}` : "free",
  );
}

function heartbeatFindings({ heartbeat: { value } }: FlowState, now: number, maxStateAge: number): Finding[] {
  return findingsOf(
    "heartbeat",
    (found) => {
      if (value === undefined) {
        found.note(
          "there never was one",
          "call heartbeat() every few seconds, so that others see that the bot is alive",
        );
      } else if (now - value > maxStateAge) {
        found.problem(
          `the last one is ${roughSpan(now - value)} old, recovery.max_state_age is ${roughSpan(maxStateAge)}`,
          "nobody works on this flow; before a bot does again, bring it in line with the exchange: sf-state recover",
        );
      } else if (now - value > QUIET) {
        found.note(`the last one is ${roughSpan(now - value)} old`, "is the bot running?");
      } else if (value > now + AHEAD) {
        found.problem(
          `the last one is ${roughSpan(value - now)} in the future`,
          "the clock has stepped back: see to the time",
        );
      }
    },
    value === undefined ? undefined : `${roughSpan(Math.max(0, now - value))} ago`,
  );
}

function cooldownFindings({ cooldowns }: FlowState, now: number): Finding[] {
  const active = Array.from(cooldowns.entries()).filter(([, until]) => until > now);
  return findingsOf(
    "cooldowns",
    (found) => {
      const far = active.filter(([, until]) => until - now > FAR);
      if (far.length > 0) {
        found.note(
          `${count(far.length, "cooldown")} ends in more than ${roughSpan(FAR)}: ${some(far.map(([pair]) => pair))}`,
          "was it meant? sf-state cooldowns clear PAIR ends it",
        );
      }
      if (active.some(([pair]) => pair === "*")) {
        found.note("one of all pairs (*) blocks every entry", "sf-state cooldowns clear '*' ends it");
      }
    },
    `${active.length} active, ${cooldowns.size - active.length} over`,
  );
}

/** Times ahead of the clock: it has stepped back, or the flow comes from a machine whose clock was ahead. */
function clockFindings({ processed, trades, fills }: FlowState, now: number): Finding[] {
  return findingsOf("times", (found) => {
    for (const [what, ids] of [
      ["signals:processed", processed],
      ["risk:trades", trades],
      ["orders:fills", fills],
    ] as const) {
      const newest = ids.newestScore();
      if (newest !== undefined && newest > now + AHEAD) {
        found.problem(
          `${what} has entries ${roughSpan(newest - now)} in the future`,
          "the clock has stepped back; ids are remembered for longer than they should be: see to the time",
        );
      }
    }
  });
}
