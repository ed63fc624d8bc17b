import type { AnyOperation, Script } from "./operation.js";

/** What stands at a place of ARGV, before it is a text. */
export type ArgumentValue = string | number | boolean | null | undefined;

/** ARGV in order: its names, and how each value follows from what the caller gave. */
export type ArgumentMap<Args> = Readonly<Record<string, (args: Args) => ArgumentValue>>;

/** Any number of arguments, after all others. */
export interface RestArguments<Args> {
  /** What the head of the script calls them. */
  readonly name: string;
  /** Whether there may be none; they are not limits then, but texts, by hand with commas between them. */
  readonly mayBeNone?: boolean;
  values(args: Args): readonly ArgumentValue[];
}

/** Names of ARGV, after those that every script of the kind has. */
export function argumentNames({ args, rest }: Pick<AnyOperation, "args" | "rest">): string[] {
  return [...Object.keys(args), ...(rest ? [rest.name] : [])];
}

/** Appends the operation's own values to an ARGV that begins with what every script of the kind has. */
export function addArguments<Args, Result>(
  argv: ArgumentValue[],
  { args: own, rest }: Script<Args, Result>,
  args: Args,
): void {
  for (const name in own) argv.push(own[name]?.(args));
  if (rest) argv.push(...rest.values(args));
}

/** Nothing is an empty text; a truth value 1 or 0; a number the shortest text that reads back as the same number. */
export function argumentText(value: ArgumentValue): string {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return value ? "1" : "0";
    default:
      return String(value ?? "");
  }
}
