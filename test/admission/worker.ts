/**
 * A bot process. It gets a `WorkOrder` as its argument, says "ready" when it is connected, begins at the first message it gets, and
 * sends a message for each signal that it was offered. A few lanes offer signals to the flow and go on with trades, whatever comes up
 * next. What a killed predecessor left, orders and positions under this worker's name, is taken up.
 */

import type { Config } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager.js";
import { Desk } from "./desk.js";
import { insist } from "./insist.js";
import { Journal, readJournal } from "./journal.js";
import { type AdmissionPlan, laneRandom, makerOf, shuffledSignals } from "./plan.js";
import { wishes } from "./told.js";
import { Trade } from "./trade-in-hand.js";

export interface WorkOrder {
  readonly plan: AdmissionPlan;
  readonly worker: number;
  readonly generation: number;
  readonly instance: string;
  readonly flowId: string;
  readonly config: Config;
  readonly journal: string;
  /** Calls at a time, about. */
  readonly lanes: number;
}

/** How likely a lane goes on with a trade rather than offer a signal, and that it meddles with somebody else's. */
const GO_ON = 0.5;
const MEDDLE = 0.015;

/** How likely a signal that was released is offered again. */
const OFFER_AGAIN = 0.7;

const order: WorkOrder = JSON.parse(process.argv[2] ?? "");
const { plan, worker } = order;
const abandoned = () => process.exit(1);
process.on("disconnect", abandoned);
const manager = await insist(() => StateManager.open(order.flowId, order.config, { instanceId: order.instance }));
process.send?.("ready");
await new Promise((resolve) => process.once("message", resolve));

const random = laneRandom(plan, worker, order.generation);
const offers = signalsLeft();
using journal = new Journal(order.journal, order.instance);
const desk = new Desk(manager, journal, plan, worker);
const idle: Trade[] = await predecessorsTrades();
await Promise.all(Array.from({ length: order.lanes }, lane));
await manager.close();
process.off("disconnect", abandoned).disconnect();

async function lane(): Promise<void> {
  for (;;) {
    if (random() < MEDDLE) await desk.meddle(random);
    const mayOffer = offers.length > 0 && random() >= GO_ON;
    const [trade] = mayOffer ? [] : idle.splice(Math.floor(random() * idle.length), 1);
    const signal = trade ? undefined : offers.pop();
    if (trade) await goOn(trade);
    else if (signal !== undefined) await offer(signal);
    else return;
  }
}

async function offer(signal: number): Promise<void> {
  const admission = await desk.offer(signal);
  if (admission.admitted) idle.push(new Trade(plan, worker, signal, admission.order.id, admission.order));
  process.send?.("offered");
}

async function goOn(trade: Trade): Promise<void> {
  const { released } = await desk.take(trade);
  if (released && random() < OFFER_AGAIN) offers.unshift(trade.signal);
  if (!trade.isOver) idle.push(trade);
}

/** The signals about which no predecessor was told anything. */
function signalsLeft(): number[] {
  const told = new Set(readJournal(order.journal).flatMap((call) => (call.told === undefined ? [] : [call.wish])));
  return shuffledSignals(plan, worker).filter((signal) => !told.has(wishes.admit(`signal-${signal}`)));
}

async function predecessorsTrades(): Promise<Trade[]> {
  const orders = await insist(() => manager.getPendingOrders());
  const positions = await insist(() => manager.getPositions());
  const found = new Map<string, number>();
  for (const { id, positionId = id, metadata } of [...orders, ...positions.map((p) => ({ ...p, positionId: p.id }))]) {
    const maker = makerOf(metadata);
    if (maker.worker === worker) found.set(positionId, maker.signal);
  }
  const orderOf = (entry: string) => orders.find(({ id }) => id === entry);
  return [...found].map(([id, signal]) => new Trade(plan, worker, signal, id, orderOf(id), true));
}
