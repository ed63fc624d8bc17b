/**
 * Owns a file at the moment it is told, and says whether it does: `owner-racer.ts`, then a line `TIME PATH [STEP]` for each race. With a STEP
 * it stops itself, by SIGSTOP, before its n-th call of the file system, and goes on when it is sent SIGCONT.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { createInterface } from "node:readline";
import { own } from "../../src/backends/duckdb/owner-file.js";

let steps = 0;
let stop = Number.POSITIVE_INFINITY;

for (const name of ["linkSync", "readFileSync", "readlinkSync", "renameSync", "rmSync", "writeFileSync"]) {
  const before: unknown = Reflect.get(fs, name);
  if (typeof before !== "function") throw new TypeError(`there is no ${name}`);
  Reflect.set(fs, name, (...args: unknown[]): unknown => {
    if (steps++ === stop) process.kill(process.pid, "SIGSTOP");
    return Reflect.apply(before, fs, args);
  });
}
syncBuiltinESMExports();

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [time = "", path = "", step] = line.split(" ");
  stop = step === undefined ? Number.POSITIVE_INFINITY : Number(step);
  steps = 0;
  while (Date.now() < Number(time)); // all of them at once: a timer would let one go first
  const owns = own(path) === undefined;
  console.log(`${owns ? "owns" : "refused"} ${steps}`);
}
