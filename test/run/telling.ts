/** uvu, but a failed test is told at once, with its name; and with `SLOW=n` every test that takes n seconds or more. */
import { type Callback, type Test, suite as uvuSuite } from "uvu";
import { failedLine, tookLine } from "./words.js";

const slow = Number(process.env.SLOW ?? Number.POSITIVE_INFINITY) * 1000;

export function suite<T = Record<string, never>>(title?: string, context?: T): Test<T> {
  const plain = uvuSuite<T>(title, context);
  const test = (name: string, run: Callback<T>) => plain(name, telling(name, run));
  return Object.assign(test, {
    only: (name: string, run: Callback<T>) => plain.only(name, telling(name, run)),
    skip: plain.skip,
    before: plain.before,
    after: plain.after,
    run: plain.run,
  });
}

export const test: Test = suite();

function telling<T>(name: string, run: Callback<T>): Callback<T> {
  return async (context) => {
    const since = performance.now();
    try {
      await run(context);
    } catch (error) {
      tell(failedLine(name, error));
      throw error;
    }
    const ms = performance.now() - since;
    if (ms >= slow) tell(tookLine(name, ms));
  };
}

function tell(line: string): void {
  process.stdout.write(`\n${line}\n`);
}
