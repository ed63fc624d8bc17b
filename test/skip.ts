import type { suite } from "uvu";
import { skippedLine } from "./run/words.js";

/** Leaves a test out where it cannot be run. `npm test` lists it with the reason; a bare `test.skip` makes the file fail. */
export function skip(test: ReturnType<typeof suite>, name: string, reason: string): void {
  console.log(skippedLine(name, reason));
  test.skip(name);
}
