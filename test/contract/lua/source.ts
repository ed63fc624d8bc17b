import { readFileSync } from "node:fs";
import { LUA_FOLDER } from "../../../src/backends/redis/lua-folder.js";
import type { KeyName } from "../../../src/layout/keys.js";
import { type AnyOperation, COMMON_KEYS } from "../../../src/operations/operation.js";
import { SAMPLE_CALLS, type SampleCall } from "../calls.js";

/** A Lua file, taken apart. */
export interface Source {
  readonly flags: readonly string[];
  /** The opening comment, line by line, without the dashes. */
  readonly header: readonly string[];
  /** What follows it. */
  readonly code: string;
}

export interface Listed {
  readonly number: number;
  readonly name: string;
  readonly type: string;
}

export function pathOf({ name }: AnyOperation): string {
  return `${LUA_FOLDER}${name}.lua`;
}

export function read(operation: AnyOperation): Source {
  const source = readFileSync(pathOf(operation), "utf8");
  const match = /^(?:#!lua(?: flags=(\S+))?\n)?((?:--.*\n)+)\n([\s\S]*)$/.exec(source);
  if (!match)
    throw new Error(`${operation.name}.lua does not open with #!lua (or nothing), a comment and an empty line`);
  const [, flags = "", header = "", code = ""] = match;
  return {
    flags: flags === "" ? [] : flags.split(","),
    header: header
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^-- ?/, "")),
    code,
  };
}

/** What a header says of KEYS or ARGV. */
export function listed({ header }: Source, what: "KEYS" | "ARGV"): Listed[] {
  return header.flatMap((line) => {
    const [, number, name = "", type = ""] = new RegExp(`^${what}\\[(\\d+)\\]\\s+(\\S+)\\s*(\\S*)`).exec(line) ?? [];
    return number === undefined ? [] : [{ number: Number(number), name, type }];
  });
}

/** Lua code without its comments. */
export function uncommented(code: string): string {
  return code.replace(/--.*$/gm, "");
}

export function keysOf({ kind, keys }: AnyOperation): readonly KeyName[] {
  return [...COMMON_KEYS[kind], ...keys];
}

export function sampleOf({ name }: Pick<AnyOperation, "name">): SampleCall {
  const sample = SAMPLE_CALLS[name];
  if (!sample) throw new Error(`test/contract/calls.ts has no sample call of ${name}: add one`);
  return sample;
}

/** The sample call of an operation, and those that use more of its keys. */
export function samplesOf(operation: AnyOperation): SampleCall[] {
  const samples: SampleCall[] = [];
  for (let next: SampleCall | undefined = sampleOf(operation); next; next = next.more) samples.push(next);
  return samples;
}
