/**
 * A bot process. It gets a `WorkOrder` as its argument, says "ready" when it is connected and after each stage, and goes on with the
 * `Stage` it is sent. In the last one, the race, a few lanes offer signals to the flow and go on with trades, whatever comes up next; a
 * signal that is refused is offered again, until it is admitted or another has it. What a killed predecessor left, orders and positions
 * under this worker's name, is taken up.
 */

import type { Config } from "../../src/config/schema.js";
import { StateManager } from "../../src/manager/state-manager.js";
import type { Refusal } from "../../src/types.js";
import { Desk } from "./desk.js";
import { insist } from "./insist.js";
import { Journal, readJournal } from "./journal.js";
import { type AdmissionPlan, laneRandom, makerOf, type Rush, rushSignals, shuffledSignals } from "./plan.js";
import { wishes } from "./told.js";
import { entryOf } from "./trade.js";
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

/** What all do at a time: offer the signals of a rush, each once; go on with trades until they are over; or race. */
export type Stage = Rush | "settle" | "race";

/** What a worker tells the crew: that it can go on, that a call of its is in doubt, or what became of a signal that it offered. */
export type Word = "ready" | "doubt" | Offered;

/** `refusal`: why not; `settled`: it will not be offered again unless it is released. */
export interface Offered {
  readonly refusal?: Refusal;
  readonly settled: boolean;
}

/** How likely a lane goes on with a trade rather than offer a signal, and that it meddles with somebody else's. */
const GO_ON = 0.7;
const MEDDLE = 0.015;

/** How likely a signal that was released is offered again. */
const OFFER_AGAIN = 0.7;

const order: WorkOrder = JSON.parse(process.argv[2] ?? "");
const { plan, worker } = order;
const abandoned = () => process.exit(1);
process.on("disconnect", abandoned);
const manager = await insist(() => StateManager.open(order.flowId, order.config, { instanceId: order.instance }));
using journal = new Journal(order.journal, order.instance);
const desk = new Desk(manager, journal, plan, worker, () => tell("doubt"));
const idle: Trade[] = [];
const offers: number[] = [];
const random = laneRandom(plan, worker, order.generation);

for (let stage = await nextStage(); stage !== "race"; stage = await nextStage()) {
  const rush = stage === "settle" ? [] : rushSignals(plan, stage, worker);
  await inLanes(() => (stage === "settle" ? goOnWithAny() : offerNext(rush)));
}

offers.push(...signalsLeft());
idle.push(...(await predecessorsTrades()));
await inLanes(race);
await manager.close();
process.off("disconnect", abandoned).disconnect();

function nextStage(): Promise<Stage> {
  const stage = new Promise<Stage>((resolve) => process.once("message", resolve));
  tell("ready");
  return stage;
}

function tell(word: Word): void {
  process.send?.(word);
}

/** Has each lane take one thing after the other until there is none. */
async function inLanes(next: () => Promise<boolean>): Promise<void> {
  const lane = async () => {
    while (await next());
  };
  await Promise.all(Array.from({ length: order.lanes }, lane));
}

async function race(): Promise<boolean> {
  if (random() < MEDDLE) await desk.meddle(random);
  const mayOffer = offers.length > 0 && random() >= GO_ON;
  return (!mayOffer && (await goOnWithAny())) || offerNext(offers, (signal) => offers.unshift(signal));
}

async function goOnWithAny(): Promise<boolean> {
  const [trade] = idle.splice(Math.floor(random() * idle.length), 1);
  if (trade) await goOn(trade);
  return trade !== undefined;
}

async function offerNext(signals: number[], refused: (signal: number) => void = () => {}): Promise<boolean> {
  const signal = signals.pop();
  if (signal === undefined) return false;
  const admission = await desk.offer(signal);
  if (admission.admitted) {
    idle.push(new Trade(plan, worker, signal, admission.order.id, admission.order));
    tell({ settled: true });
    return true;
  }
  const settled = admission.reason === "duplicate_signal";
  if (!settled) refused(signal);
  tell({ refusal: admission.reason, settled });
  return true;
}

async function goOn(trade: Trade): Promise<void> {
  const { released } = await desk.take(trade);
  if (released && random() < OFFER_AGAIN) offers.unshift(trade.signal);
  if (!trade.isOver) idle.push(trade);
}

/** The signals of which neither this process nor a predecessor was told that they are taken. */
function signalsLeft(): number[] {
  const taken = new Set(readJournal(order.journal).flatMap(({ wish, told }) => (isTaken(told) ? [wish] : [])));
  return shuffledSignals(plan, worker).filter((signal) => !taken.has(wishes.admit(`signal-${signal}`)));
}

function isTaken(told = ""): boolean {
  return told === "no: duplicate_signal" || told.startsWith("admitted as ");
}

/** What predecessors left: orders and positions under this worker's name, and what they had filled for others and not closed yet. */
async function predecessorsTrades(): Promise<Trade[]> {
  const orders = await insist(() => manager.getPendingOrders());
  const positions = await insist(() => manager.getPositions());
  const filled = new Set(readJournal(order.journal).map(({ wish }) => wish.replace(/^fill (.*)\|.*$/, "$1")));
  for (const { id, metadata } of positions) {
    if (makerOf(metadata).worker !== worker && filled.has(entryOf(id))) await desk.closeLate(entryOf(id), random);
  }
  const inHand = new Set(idle.map(({ entry }) => entry.id));
  const found = new Map<string, number>();
  for (const { id, positionId = id, metadata } of [...orders, ...positions.map((p) => ({ ...p, positionId: p.id }))]) {
    const maker = makerOf(metadata);
    const entry = entryOf(positionId);
    if (maker.worker === worker && !inHand.has(entry)) found.set(entry, maker.signal);
  }
  const orderOf = (entry: string) => orders.find(({ id }) => id === entry);
  return [...found].map(([id, signal]) => new Trade(plan, worker, signal, id, orderOf(id), true));
}
