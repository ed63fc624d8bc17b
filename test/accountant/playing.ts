/** Plays steps to the accountant and to the product at once, and tells where they part. */
import type { Open } from "../contract/open.js";
import type { Outcome } from "./account-state.js";
import { exact } from "./amounts.js";
import { Accountant } from "./book.js";
import { differences } from "./expectation.js";
import { faults } from "./invariants.js";
import { comparable, NotInTheProduct, Product, type ProductOutcome } from "./product.js";
import { likeProduct, type ProductState } from "./product-state.js";
import type { Setup, Step } from "./steps.js";

export interface Script {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

/** The first step after which the two are not of one mind, or the product is not of its own. */
export interface Parting {
  readonly index: number;
  readonly step: Step;
  /** `path: expected (the accountant's), got (the product's)`. */
  readonly wrong: readonly string[];
}

/** How many steps were done, and not refused, and how many trades ended. */
export interface Played {
  readonly done: number;
  readonly trades: number;
  readonly parting?: Parting;
}

/** Outcomes are compared at every step, the whole state after every `stride` steps and at the end. */
export async function play({ setup, steps }: Script, open: Open, stride = 1): Promise<Played> {
  const accountant = new Accountant(setup);
  await using product = await Product.open(open, setup);
  let done = 0;
  for (const [index, step] of steps.entries()) {
    const outcome = accountant.step(step);
    if (outcome.done) done += 1;
    const reads = index % stride === stride - 1 || index === steps.length - 1;
    const wrong = reads
      ? await partingOfStates(step, outcome, accountant, product)
      : partingOfOutcomes(outcome, await product.ask(step));
    if (wrong.length > 0) return { done, trades: product.state.trades.length, parting: { index, step, wrong } };
  }
  return { done, trades: product.state.trades.length };
}

function partingOfOutcomes(outcome: Outcome, told: ProductOutcome): string[] {
  return differences(comparable(outcome, told), told, "outcome");
}

async function partingOfStates(
  step: Step,
  outcome: Outcome,
  accountant: Accountant,
  product: Product,
): Promise<string[]> {
  const { outcome: told, state, contradictions } = await product.tell(step);
  return [
    ...partingOfOutcomes(outcome, told),
    ...apart(likeProduct(accountant.state()), likeProduct(state)),
    ...contradictions,
    ...faults(state),
  ];
}

/** Differences of two whole states: what only one of them has is one, too. */
function apart(
  { exposure: expectedSum, drawdown: expectedDrawdown, ...expected }: ProductState,
  { exposure, drawdown, ...actual }: ProductState,
): string[] {
  const missing = differences(expected, actual, "state");
  const known = new Set(missing.map(pathOf));
  const more = differences(actual, expected, "state").filter((line) => !known.has(pathOf(line)));
  const rows = expected.positions.length + expected.orders.length;
  return [
    ...missing,
    ...more.map((line) => `not expected: ${line}`),
    ...(sameSum(expectedSum, exposure, rows) ? [] : differences(expectedSum, exposure, "state.exposure")),
    ...(sameFraction(expectedDrawdown, drawdown) ? [] : differences(expectedDrawdown, drawdown, "state.drawdown")),
  ];
}

/** The contract does not say where exposure is rounded: each of its rows may be, to 8 places. */
function sameSum(a: string, b: string, rows: number): boolean {
  return exact(a).minus(exact(b)).abs().lte(exact(rows).times("1e-8"));
}

/** Both are rounded to 12 places: one that stands between two of them may go either way. */
function sameFraction(a: string, b: string): boolean {
  return exact(a).minus(exact(b)).abs().lte("1e-12");
}

function pathOf(line: string): string {
  return line.slice(0, line.indexOf(": "));
}

/** A shorter script that parts the two as well: every step is left out without which they still part. Time passes as before. */
export async function shortened(script: Script, { index }: Parting, open: Open): Promise<Script> {
  let steps = script.steps.slice(0, index + 1);
  for (let at = steps.length - 2; at >= 0; at -= 1) {
    if (steps[at]?.call === "clock") continue;
    const fewer = steps.filter((_, place) => place !== at);
    const { parting } = await playedIfPossible({ setup: script.setup, steps: fewer }, open);
    if (parting !== undefined) {
      steps = fewer.slice(0, parting.index + 1);
      at = Math.min(at, steps.length - 1);
    }
  }
  return { setup: script.setup, steps };
}

async function playedIfPossible(script: Script, open: Open): Promise<Partial<Played>> {
  try {
    return await play(script, open);
  } catch (error) {
    if (error instanceof NotInTheProduct) return {};
    throw error;
  }
}

/** What a person needs to see it again. */
export function told({ setup, steps }: Script, { index, wrong }: Parting): string {
  const lines = steps.map((step, at) => `${at === index ? ">" : " "} ${at} ${step.call} ${JSON.stringify(step.args)}`);
  return [`setup ${JSON.stringify(setup)}`, ...lines, ...wrong.map((line) => `  ${line}`)].join("\n");
}

/** A parting with its script made as short as it gets. */
export async function shortest(script: Script, parting: Parting, open: Open): Promise<string> {
  const short = await shortened(script, parting, open);
  const { parting: again = parting } = await play(short, open);
  return told(short, again);
}
