/** Whether an operation's cost grows with what the flow remembers: a small flow beside a big one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateManager } from "../../src/manager/state-manager.js";
import { type Flow, type FlowSize, fill, known, RISK, TEN } from "./flow.js";
import type { BackendName } from "./options.js";
import { interleave, type Plan, ratio, type Series } from "./rounds.js";
import type { Stand } from "./stand.js";
import type { Subject } from "./subject.js";
import { forEach, notPrepared, type Work } from "./work.js";

export interface Growth {
  readonly subject: Subject;
  /** p50, one at a time, µs. */
  readonly small: number;
  readonly big: number;
  /** Median latency, one at a time: big over small. */
  readonly slower: number;
  /** Time per call with many in flight: big over small; NaN where calls are not made so. */
  readonly slowerInFlight: number;
}

export interface ScaleReport {
  readonly backend: BackendName;
  readonly server: string;
  readonly inFlight: number;
  readonly size: FlowSize;
  readonly operations: readonly Growth[];
  /** How long the server did nothing else, at the longest, while the big flow was exported, ms; absent where nobody else waits. */
  readonly block: ExportBlock | undefined;
}

export interface ExportBlock {
  /** With all that the big flow holds. */
  readonly all: number;
  /** With ten open positions and pending orders, and everything else of the big flow. */
  readonly fewOpen: number;
}

/** A hundredth of the big flow, to see quickly that everything works. */
export const LESS: FlowSize = {
  positions: 100,
  orders: 100,
  signals: 1_000,
  trades: 1_000,
  fills: 1_000,
  cooldowns: 10,
};

export async function compareSizes(
  stand: Stand,
  subjects: readonly Subject[],
  plan: Plan,
  size: FlowSize,
  begin: (step: string) => void,
): Promise<ScaleReport> {
  let flows = 0;
  async function openSmall(): Promise<Flow> {
    const manager = await stand.open(`small-${++flows}`);
    return fill(manager, TEN, stand.inFlight);
  }

  begin("filling the big flow");
  const big = await openFilled(stand, "big", size);
  await using __ = big.manager;
  const small = await openSmall();
  await using _ = small.manager;

  const operations: Growth[] = [];
  for (const subject of subjects) {
    begin(subject.name);
    const works: [Work, Work] = [
      subject.grows || subject.everything
        ? onNewFlows(subject, openSmall)
        : { name: subject.name, ...subject.on(small) },
      { name: subject.name, ...subject.on(big) },
    ];
    operations.push(await compare(subject, works, stand.inFlight, plan));
  }
  const block = await exportBlock(stand, big);
  return { backend: stand.backend, server: stand.server, inFlight: stand.inFlight, size, operations, block };
}

/** Fills a flow in memory, where that takes seconds, and moves it. */
async function openFilled(stand: Stand, flowId: string, size: FlowSize): Promise<Flow> {
  if (!stand.restore) return fill(await stand.open(flowId), size, stand.inFlight);
  const folder = await mkdtemp(join(tmpdir(), "sf-bench-"));
  try {
    const path = join(folder, "flow.json");
    await using made = await StateManager.open(flowId, { backend: "memory", risk: RISK });
    await fill(made, size, stand.inFlight);
    await made.backup(path);
    await stand.restore(path, flowId);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { manager: await stand.open(flowId), size, width: stand.inFlight };
}

/** The last that is done with the big flow: its positions and orders are removed. */
async function exportBlock(stand: Stand, { manager, size, width }: Flow): Promise<ExportBlock | undefined> {
  if (!stand.longestBlock) return undefined;
  const all = await stand.longestBlock(() => manager.exportFlow());
  const allBut = (ten: number, count: number, name: (n: number) => string) =>
    Array.from({ length: Math.max(0, count - ten) }, (_, n) => name(ten + n));
  await forEach(allBut(TEN.positions, size.positions, known.position), width, (id) => manager.removePosition(id));
  await forEach(allBut(TEN.orders, size.orders, known.order), width, (id) => manager.removeOrder(id));
  return { all, fewOpen: await stand.longestBlock(() => manager.exportFlow()) };
}

async function compare(subject: Subject, [small, big]: [Work, Work], inFlight: number, usual: Plan): Promise<Growth> {
  // Ten thousand positions, many times at once, are no call of anybody, and take minutes.
  const single = subject.alone || subject.everything;
  const plan = subject.everything ? { ...usual, warmUpMs: 0, rounds: Math.min(usual.rounds, 3), fewest: 1 } : usual;
  const many = [
    { work: small, inFlight },
    { work: big, inFlight },
  ];
  const [smallOne, bigOne, smallMany, bigMany] = (await interleave(
    [{ work: small, inFlight: 1 }, { work: big, inFlight: 1 }, ...(single ? [] : many)],
    plan,
  )) as [Series, Series, Series?, Series?];
  return {
    subject,
    small: smallOne.p50,
    big: bigOne.p50,
    slower: ratio(bigOne.p50s, smallOne.p50s),
    slowerInFlight: smallMany && bigMany ? ratio(smallMany.rates, bigMany.rates) : Number.NaN,
  };
}

/**
 * What grows with every call is measured on a new small flow each time, or the small flow would not stay small; what tells all of
 * it too, for the others leave things behind.
 */
function onNewFlows(subject: Subject, open: () => Promise<Flow>): Work {
  let flow: Flow | undefined;
  let work: Omit<Work, "name"> | undefined;
  return {
    name: subject.name,
    async prepare(ids) {
      flow = await open();
      work = subject.on(flow);
      await work.prepare?.(ids);
    },
    ...(subject.alone && { before: (id: string) => work?.before?.(id) ?? Promise.resolve() }),
    call: (id) => work?.call(id) ?? notPrepared(),
    did: (answer) => work?.did?.(answer) ?? true,
    async tidy() {
      await flow?.manager.close();
    },
  };
}
