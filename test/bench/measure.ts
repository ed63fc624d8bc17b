/** Each operation beside the raw commands of its backend. */
import { type Flow, fill, TEN } from "./flow.js";
import { type GcShare, GcWatch } from "./gc.js";
import type { BackendName } from "./options.js";
import { interleave, type Plan, ratio, type Series } from "./rounds.js";
import type { Stand } from "./stand.js";
import type { Subject } from "./subject.js";
import type { Work } from "./work.js";

/** One call at a time, and many at once. */
export interface Speed {
  readonly name: string;
  /** µs, one at a time. */
  readonly p50: number;
  readonly p99: number;
  /** Calls per second, one at a time. */
  readonly rate: number;
  /** Calls per second, many in flight; NaN where calls are not made so. */
  readonly rateInFlight: number;
}

export interface Measured extends Speed {
  readonly subject: Subject;
  /** p50 as a multiple of the raw command's. */
  readonly timesRaw: number;
  /** Throughput with many in flight, as a fraction of each concurrent raw command's. */
  readonly ofRaw: readonly number[];
  /** Throughput with many in flight, as a multiple of that with one. */
  readonly speedUp: number;
}

export interface BackendReport {
  readonly backend: BackendName;
  readonly server: string;
  readonly inFlight: number;
  readonly sequential: string;
  readonly concurrent: readonly string[];
  readonly raw: readonly Speed[];
  readonly operations: readonly Measured[];
  readonly gc: GcShare;
}

/** Measures the subjects on a flow with ten of everything; those that tell all of it on one that the others have not used. */
export async function measure(
  stand: Stand,
  subjects: readonly Subject[],
  plan: Plan,
  begin: (step: string) => void,
): Promise<BackendReport> {
  let flows = 0;
  async function openFlow(): Promise<Flow> {
    const manager = await stand.open(`bench-${++flows}`);
    return fill(manager, TEN, stand.inFlight);
  }
  const shared = await openFlow();
  await using _ = shared.manager;
  const gc = new GcWatch();

  begin("raw commands");
  const raw = await rawSpeeds(stand, plan);
  const operations: Measured[] = [];
  for (const subject of subjects) {
    begin(subject.name);
    const flow = subject.everything ? await openFlow() : shared;
    operations.push(await measureSubject(stand, subject, { name: subject.name, ...subject.on(flow) }, plan));
    if (flow !== shared) await flow.manager.close();
  }

  return {
    backend: stand.backend,
    server: stand.server,
    inFlight: stand.inFlight,
    sequential: stand.sequential.name,
    concurrent: stand.concurrent.map(({ name }) => name),
    raw,
    operations,
    gc: await gc.stop(),
  };
}

async function rawSpeeds(stand: Stand, plan: Plan): Promise<Speed[]> {
  const works = [stand.sequential, ...stand.concurrent, ...stand.others];
  const one = await interleave(
    works.map((work) => ({ work, inFlight: 1 })),
    plan,
  );
  const many = await interleave(
    works.map((work) => ({ work, inFlight: stand.inFlight })),
    plan,
  );
  return works.map((work, i) => speed(work, one[i] as Series, many[i] as Series));
}

async function measureSubject(stand: Stand, subject: Subject, work: Work, plan: Plan): Promise<Measured> {
  const together = [work, ...stand.concurrent].map((each) => ({ work: each, inFlight: stand.inFlight }));
  const [sequential, one, many, ...concurrent] = (await interleave(
    [{ work: stand.sequential, inFlight: 1 }, { work, inFlight: 1 }, ...(subject.alone ? [] : together)],
    plan,
  )) as [Series, Series, Series?, ...Series[]];
  return {
    subject,
    ...speed(work, one, many),
    timesRaw: ratio(one.p50s, sequential.p50s),
    ofRaw: stand.concurrent.map((_, i) => ratio(many?.rates ?? [], concurrent[i]?.rates ?? [])),
    speedUp: ratio(many?.rates ?? [], one.rates),
  };
}

function speed({ name }: Work, one: Series, many: Series | undefined): Speed {
  return { name, p50: one.p50, p99: one.p99, rate: one.rate, rateInFlight: many?.rate ?? Number.NaN };
}
