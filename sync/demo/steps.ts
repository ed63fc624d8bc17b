import type { KillPoint } from "./kill-point.js";

/** Makes a call, and passes a point before its answer is awaited and another one after. */
export async function step<Answer>(
  pass: (point: KillPoint) => void,
  [before, after]: readonly [KillPoint, KillPoint],
  call: () => Promise<Answer>,
): Promise<Answer> {
  const calling = call();
  calling.catch(() => {}); // who dies in between hears no answer
  pass(before);
  const answer = await calling;
  pass(after);
  return answer;
}
