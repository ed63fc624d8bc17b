/** The table of instructions in README.md, made from the recorded figures: `--record` writes it, a test fails when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { IN_README } from "./fixed-calls.js";
import type { Recorded } from "./recorded.js";

const README = fileURLToPath(new URL("../../../README.md", import.meta.url));
const BEGIN = "<!-- instructions: made by `npm run bench -- --instructions --record` -->";
const END = "<!-- end of instructions -->";

export function readme(): string {
  return readFileSync(README, "utf8");
}

export function writeTable(figures: Recorded): void {
  writeFileSync(README, withTable(readme(), figures));
}

/** The README with the table as it should be. */
export function withTable(text: string, figures: Recorded): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end === -1) throw new Error(`README.md lacks ${BEGIN} or ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n${table(figures)}\n${text.slice(end)}`;
}

function table({ machine, redis, set, evalshaGet, calls }: Recorded): string {
  const rows = calls
    .filter(({ name }) => IN_README.includes(name))
    .map(({ name, instructions, skeleton, commands }) => [
      `\`${name}\``,
      thousands(instructions),
      thousands(skeleton),
      `${(instructions / skeleton).toFixed(1)}x`,
      String(commands),
    ]);
  const head = ["", "a call", "its skeleton", "", "commands"];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const taken = `Thousands of instructions, ${redis}, ${machine}. SET takes ${thousands(set)}, an EVALSHA of one GET ${thousands(evalshaGet)}.`;
  return ["", ...lines, "", taken, ""].join("\n");
}

function thousands(instructions: number): string {
  return String(Math.round(instructions / 1000));
}
