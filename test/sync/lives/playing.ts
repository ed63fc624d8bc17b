/** Plays lives, and makes those that go wrong as short as they get. */
import type { Open } from "../../contract/open.js";
import { AgreementJudge } from "./agreement-judge.js";
import { act } from "./bot.js";
import type { FlowName, Life, LifeStep, Restart } from "./life.js";
import { MoneyJudge } from "./money-judge.js";
import { type Counts, type Judges, restart } from "./restart.js";
import { World } from "./world.js";
import { Wrong } from "./wrong.js";

export function noCounts(): Counts {
  return { lives: 0, recoveries: 0, orders: 0, quiet: 0, asked: new Map(), approved: 0, left: 0 };
}

/** Lives a life to its end: at last every flow is brought back twice, since one may have to wait for the other. Throws a `Wrong`. */
export async function play({ setting, steps }: Life, open: Open, counts: Counts): Promise<void> {
  await using world = await World.open(setting, open);
  const judges = new Map<FlowName, Judges>();
  for (const flow of world.flows.values())
    judges.set(flow.name, { money: new MoneyJudge(world, flow), agreement: new AgreementJudge(world, flow) });
  for (const step of [...steps, ...atLast([...world.flows.keys()])]) {
    if (step.do !== "restart") {
      await act(world, step);
      continue;
    }
    const both = judges.get(step.flow);
    if (both) await restart(world, both, step, counts);
  }
  counts.lives += 1;
}

function atLast(flows: readonly FlowName[]): Restart[] {
  return [...flows, ...flows].map((flow) => {
    return { do: "restart", flow, faults: [], deaths: [], meanwhile: [], approves: true };
  });
}

/** What goes wrong in a life; undefined where nothing does. A program that fails is wrong, too. */
export async function wrongOf(life: Life, open: Open, counts = noCounts()): Promise<Wrong | undefined> {
  try {
    await play(life, open, counts);
    return undefined;
  } catch (error) {
    if (error instanceof Wrong) return error;
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    return new Wrong(`an error: ${message.replaceAll(/[0-9a-f]{8,}|\d+/g, "#").slice(0, 60)}`, stack);
  }
}

/** The shortest life found in which the same goes wrong: steps, and what happens in them, are left out one by one. */
export async function shortened(life: Life, kind: string, home: () => Open): Promise<Life> {
  let short = life;
  const fails = async (steps: readonly LifeStep[]) =>
    (await wrongOf({ setting: life.setting, steps }, home()))?.kind === kind;
  for (let shorter = true; shorter; ) {
    shorter = false;
    for (let at = short.steps.length - 1; at >= 0; at -= 1) {
      const step = short.steps[at];
      if (!step) continue;
      for (const simpler of [[], ...simplerThan(step).map((one) => [one])]) {
        const steps = short.steps.toSpliced(at, 1, ...simpler);
        if (!(await fails(steps))) continue;
        short = { setting: life.setting, steps };
        shorter = true;
        break;
      }
    }
  }
  return short;
}

function simplerThan(step: LifeStep): LifeStep[] {
  if (step.do !== "restart") return "dies" in step && step.dies !== null ? [{ ...step, dies: null }] : [];
  const { faults, deaths, meanwhile } = step;
  return [
    ...faults.map((_, at) => ({ ...step, faults: faults.toSpliced(at, 1) })),
    ...meanwhile.map((_, at) => ({ ...step, meanwhile: meanwhile.toSpliced(at, 1) })),
    ...(deaths.length > 0 ? [{ ...step, deaths: deaths.slice(0, -1) }] : []),
  ];
}

/** What a person needs to see it again. */
export function told({ setting, steps }: Life, { kind, detail }: Wrong): string {
  return [
    `setting ${JSON.stringify(setting)}`,
    ...steps.map((step) => `  ${JSON.stringify(step)},`),
    `  ${kind}: ${detail}`,
  ].join("\n");
}
