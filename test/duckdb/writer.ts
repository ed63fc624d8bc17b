/**
 * Opens and closes positions without end, many at once, and prints every step when its promise has resolved: `saved x`,
 * `closing x` before it begins to close one, `closed x`. Checkpoints come often, so that a kill hits them too.
 */
import { writeSync } from "node:fs";
import { closePosition } from "../../src/operations/close-position.js";
import { savePosition } from "../../src/operations/save-position.js";
import { opened } from "./backend.js";
import { closing, position } from "./samples.js";

const LANES = 12;
const UNIT = 100_000_000n;

const [path = "", round = ""] = process.argv.slice(2);
const flow = await opened(path, { maxEvents: 1_000_000 }, { commits: 7 });

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function lane(name: string): Promise<never> {
  for (let n = 0; ; n++) {
    const id = `${round}-${name}-${n}`;
    await flow.execute(savePosition, position(id), "");
    say(`saved ${id}`);
    if (n % 3 === 0) continue;
    say(`closing ${id}`);
    await flow.execute(closePosition, closing(id, UNIT), "");
    say(`closed ${id}`);
  }
}

await Promise.all(Array.from({ length: LANES }, (_, n) => lane(String(n))));
