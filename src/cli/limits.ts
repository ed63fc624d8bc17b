/** Limits of a flow or an account on the command line: reading and showing them. */
import type { LimitSetter } from "../types.js";
import { time } from "../words/in-words.js";
import { oneOfWords, wordOf } from "../words/word-lists.js";
import { UsageError } from "./exit-code.js";
import type { Terminal } from "./terminal.js";
import { table } from "./terminal-table.js";

/** Each limit may be given once: with two values it is not clear which is meant. */
export function limitsOf(pairs: readonly string[]): [string, unknown][] {
  const limits = pairs.map(limitOf);
  const twice = limits.find(([name], at) => limits.findIndex(([other]) => other === name) < at);
  if (twice !== undefined) throw new UsageError(`${twice[0]}: expected one value, got more than one`);
  return limits;
}

/** Reads `max_daily_loss=300`. A value that is no number stays as it is, for the message that says what was expected. */
function limitOf(pair: string): [string, unknown] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError(`expected name=value, such as max_daily_loss=300, got ${JSON.stringify(pair)}`);
  const value = pair.slice(at + 1);
  if (value === "") return [pair.slice(0, at), null];
  return [pair.slice(0, at), /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ? Number(value) : value];
}

export function limitNamed<Name extends string>(names: readonly Name[], name: string): Name {
  const known = wordOf(names, name);
  if (known === undefined) throw new UsageError(`expected ${oneOfWords(names)}, got ${JSON.stringify(name)}`);
  return known;
}

interface LimitShown {
  readonly value: number | string;
  readonly by?: LimitSetter;
  readonly who?: string;
  readonly at?: Date;
}

/** The limits of these names, each with who set it. */
export function limitTable<Name extends string>(
  terminal: Terminal,
  names: readonly Name[],
  origins: { readonly [name in Name]?: LimitShown },
): string {
  return table(
    terminal,
    [
      { title: "limit" },
      { title: "value", align: "right" },
      { title: "by" },
      { title: "who" },
      { title: "since (UTC)" },
    ],
    names.map((name) => {
      const origin: LimitShown | undefined = origins[name];
      const { value, by = "", who = "", at } = origin ?? {};
      return [name, value === undefined ? "none" : String(value), by, who, at ? time(at) : ""];
    }),
  );
}
