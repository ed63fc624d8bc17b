/** Owns a file at the moment it is told, and says whether it does: `owner-racer.ts`, then a line `TIME PATH` for each race. */
import { createInterface } from "node:readline";
import { own } from "../../src/backends/duckdb/owner-file.js";

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [time = "", path = ""] = line.split(" ");
  while (Date.now() < Number(time)); // all of them at once: a timer would let one go first
  console.log(own(path) === undefined ? "owns" : "refused");
}
