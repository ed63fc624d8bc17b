import type { AnyOperation, Script } from "./operation.js";

/** A value of ARGV, before it becomes text. */
export type ArgumentValue = string | number | boolean | null | undefined;

/** ARGV in order: its names, and how each value follows from the caller's arguments. */
export type ArgumentMap<Args> = Readonly<Record<string, (args: Args) => ArgumentValue>>;

/** Any number of arguments, after all others. */
export interface RestArguments<Args> {
  /** Their name in the head of the script. */
  readonly name: string;
  /** Whether there may be none. Then they are texts, not limits; by hand they are separated by commas. */
  readonly mayBeNone?: boolean;
  values(args: Args): readonly ArgumentValue[];
}

/** Names of ARGV, after those that every script of its kind has. */
export function argumentNames({ args, rest }: Pick<AnyOperation, "args" | "rest">): string[] {
  return [...Object.keys(args), ...(rest ? [rest.name] : [])];
}

/** Appends the operation's own values to an ARGV that begins with those of every script of its kind. */
export function addArguments<Args, Result>(
  argv: ArgumentValue[],
  { args: own, rest }: Script<Args, Result>,
  args: Args,
): void {
  for (const name in own) argv.push(own[name]?.(args));
  if (rest) argv.push(...rest.values(args));
}

/** undefined and null become an empty text; a boolean 1 or 0; a number the shortest text that reads back as the same number. */
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
