/** Each operation beside the raw commands of its backend. */
import { fill, TEN } from "./flow.js";
import { GcWatch } from "./gc.js";
import type { BackendName } from "./options.js";
import type { Progress } from "./progress.js";
import { interleave, type Plan, ratio, type Series } from "./rounds.js";
import type { Stand } from "./stand.js";
import type { Subject } from "./subjects.js";
import type { Work } from "./work.js";

/** One call at a time, and many at once. */
export interface Speed {
  readonly name: string;
  /** µs, one at a time. */
  readonly p50: number;
  readonly p99: number;
  /** Calls per second, one at a time. */
  readonly rate: number;
  /** Calls per second, many in flight. */
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
  readonly gc: ReturnType<GcWatch["stop"]>;
}

/** Measures the subjects on a flow with ten of everything. */
export async function measure(
  stand: Stand,
  subjects: readonly Subject[],
  plan: Plan,
  progress: Progress,
): Promise<BackendReport> {
  await using manager = await stand.open("bench");
  const flow = await fill(manager, TEN, stand.inFlight);
  const gc = new GcWatch();

  progress.at("raw commands");
  const raw = await rawSpeeds(stand, plan);
  const operations: Measured[] = [];
  for (const subject of subjects) {
    progress.at(subject.name);
    operations.push(await measureSubject(stand, subject, { name: subject.name, ...subject.on(flow) }, plan));
  }

  return {
    backend: stand.backend,
    server: stand.server,
    inFlight: stand.inFlight,
    sequential: stand.sequential.name,
    concurrent: stand.concurrent.map(({ name }) => name),
    raw,
    operations,
    gc: gc.stop(),
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
  const [sequential, one, many, ...concurrent] = (await interleave(
    [
      { work: stand.sequential, inFlight: 1 },
      { work, inFlight: 1 },
      { work, inFlight: stand.inFlight },
      ...stand.concurrent.map((raw) => ({ work: raw, inFlight: stand.inFlight })),
    ],
    plan,
  )) as [Series, Series, Series, ...Series[]];
  return {
    subject,
    ...speed(work, one, many),
    timesRaw: ratio(one.p50s, sequential.p50s),
    ofRaw: concurrent.map((raw) => ratio(many.rates, raw.rates)),
    speedUp: ratio(many.rates, one.rates),
  };
}

function speed({ name }: Work, one: Series, many: Series): Speed {
  return { name, p50: one.p50, p99: one.p99, rate: one.rate, rateInFlight: many.rate };
}
