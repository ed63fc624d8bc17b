/** Opens the flow `bot` in the file it is told, says so, holds it until it is told to close it: `holder.ts PATH [COMMITS]`, so many between checkpoints. */
import { createInterface } from "node:readline";
import { StateError } from "../../src/errors.js";
import { backend } from "./backend.js";

const [path = "", commits] = process.argv.slice(2);
const held = backend(path, {}, commits === undefined ? {} : { commits: Number(commits) });
try {
  await held.connect();
  console.log("open");
} catch (error) {
  console.log(error instanceof StateError ? `${error.code} ${error.message.replaceAll("\n", " ")}` : String(error));
  process.exit();
}
for await (const _ of createInterface({ input: process.stdin })) break;
await held.close();
console.log("closed");
// Stays alive: the file has to be free before the process is gone.
process.stdin.resume();
