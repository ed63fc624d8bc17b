/** The figures that are recorded in the repository, and what has grown since. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Machine } from "../machine.js";
import { percent } from "../numbers.js";
import type { Counts } from "./count.js";

const FILE = fileURLToPath(new URL("recorded.json", import.meta.url));

/** By so much an operation may grow until somebody has to say that it is meant: `--record`. */
const GROWTH = 0.1;

/** Builds of Redis whose raw commands cost within this of each other are compared. */
const SAME_BUILD = 0.03;

const counted = z.strictObject({
  name: z.string(),
  instructions: z.number(),
  skeleton: z.number(),
  commands: z.number(),
});

const recorded = z.strictObject({
  machine: z.string(),
  redis: z.string(),
  set: z.number(),
  evalshaGet: z.number(),
  calls: z.array(counted),
});

export type Recorded = z.infer<typeof recorded>;

export function readRecorded(): Recorded {
  return recorded.parse(JSON.parse(readFileSync(FILE, "utf8")));
}

export function recordedOf(counts: Counts, { cpu }: Machine): Recorded {
  return { machine: cpu, ...counts, calls: [...counts.calls] };
}

export function writeRecorded(figures: Recorded): void {
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`);
}

/** Why the figures cannot be compared: another build of Redis needs other instructions. Undefined when they can be. */
export function incomparable(now: Counts, then: Recorded): string | undefined {
  const pairs = [
    ["SET", now.set, then.set],
    ["EVALSHA", now.evalshaGet, then.evalshaGet],
  ] as const;
  const other = pairs.find(([, a, b]) => Math.abs(a / b - 1) > SAME_BUILD);
  if (!other) return undefined;
  const [command, a, b] = other;
  return `the recorded figures are of ${then.redis}, whose ${command} takes ${b} instructions; that of this ${now.redis} takes ${a}`;
}

/** What costs over a tenth more than recorded, and what was never recorded. */
export function grown(now: Counts, then: Recorded): string[] {
  const before = new Map(then.calls.map((call) => [call.name, call.instructions]));
  return now.calls.flatMap(({ name, instructions }) => {
    const was = before.get(name);
    if (was === undefined) return [`${name}: no figure is recorded`];
    if (instructions <= was * (1 + GROWTH)) return [];
    return [`${name}: ${instructions} instructions, ${percent(instructions / was - 1)} more than the recorded ${was}`];
  });
}
