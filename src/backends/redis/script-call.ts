import { Command } from "ioredis";
import { type ArgumentValue, argumentText } from "../../operations/arguments.js";
import type { Script } from "./scripts.js";

/** Values in the form of the protocol. Keys and arguments that every call shares are encoded once. */
export function bulks(values: readonly ArgumentValue[]): string {
  let wire = "";
  for (const value of values) {
    const text = argumentText(value);
    // Counting bytes is a call into native code. Only a string that the caller gave may have more bytes than characters.
    const length = typeof value === "string" && value !== "" ? Buffer.byteLength(text) : text.length;
    wire += `$${length}\r\n${text}\r\n`;
  }
  return wire;
}

/** The arguments of EVALSHA, or a part of them: number of keys, keys, arguments. */
export interface ScriptArguments {
  readonly count: number;
  /** The same in the form of the protocol. */
  readonly wire: string;
}

export function scriptArguments(keys: readonly string[], argv: readonly ArgumentValue[]): ScriptArguments {
  return { count: 1 + keys.length + argv.length, wire: bulks([keys.length, ...keys, ...argv]) };
}

/** A part that consists of arguments only. */
export function argumentsOf(argv: readonly ArgumentValue[]): ScriptArguments {
  return { count: argv.length, wire: bulks(argv) };
}

/** Joins parts in this order. */
export function joined(...parts: readonly ScriptArguments[]): ScriptArguments {
  let count = 0;
  let wire = "";
  for (const part of parts) {
    count += part.count;
    wire += part.wire;
  }
  return { count, wire };
}

/**
 * Runs a script by its hash, or by its source if the server does not know it. `readsOnly`: by EVALSHA_RO or EVAL_RO; then no script can write, and the
 * right to read the keys is enough.
 */
export class ScriptCall extends Command {
  readonly #wire: string;

  constructor(script: Script, { count, wire }: ScriptArguments, asSource: boolean, readsOnly = false) {
    const name = `${asSource ? "eval" : "evalsha"}${readsOnly ? "_ro" : ""}`;
    super(name, [], { replyEncoding: "utf8" });
    this.#wire = `*${count + 2}\r\n${bulks([name, asSource ? script.source : script.sha])}${wire}`;
  }

  override toWritable(): string {
    return this.#wire;
  }
}
