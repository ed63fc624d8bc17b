import { setTimeout as pause } from "node:timers/promises";
import { ConnectionError } from "../../errors.js";
import type { ArgumentValue } from "../../operations/arguments.js";
import type { Reply } from "../../operations/operation.js";
import { judge } from "./attempt-failure.js";
import { Connection } from "./connection.js";
import type { Holder } from "./denied.js";
import { literal } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import type { RedisConfig } from "./redis-config.js";
import { ScriptCall, scriptArguments } from "./script-call.js";
import { type Script, script } from "./scripts.js";

/** Pause before asking again, ms. */
const PAUSE = 25;

/** The key that decides which server holds a flow. The flow's other keys share its prefix. */
const META = "flow:meta";

/** A value, or the words with which the server refused to show it. */
export type Seen<Value> = { readonly seen: Value } | { readonly denied: string };

export interface Patience {
  /** How long a call is repeated, ms; default `redis.command_timeout`. */
  readonly patience?: number;
  /** Its scripts write nothing: the right to read is enough. */
  readonly readsOnly?: boolean;
  /** Waits for a server that is not there, as a bot does. By default it does not wait if the connection is refused or the name is unknown. */
  readonly awaitsServer?: boolean;
}

/**
 * A connection that repeats a command or script until there is an answer. Only for those that may run twice: they read, or their second run changes
 * nothing.
 */
export class PatientConnection implements Disposable {
  readonly #connection: Connection;
  readonly #keys: readonly string[];
  readonly #patience: number;
  readonly #readsOnly: boolean;
  /** Errors that the server itself reported. */
  readonly #refusals = new WeakSet<Error>();
  #calls = 0;

  private constructor(config: RedisConfig, key: string, { patience, readsOnly = false }: Patience) {
    this.#patience = patience ?? config.command_timeout;
    this.#readsOnly = readsOnly;
    this.#keys = [key.endsWith(META) ? `${literal(key.slice(0, -META.length))}*` : literal(key)];
    this.#connection = new Connection({ ...config, command_timeout: this.#patience }, key);
  }

  /** Connects; in a cluster, to the master of `key`'s slot. Rejects with a ConnectionError within `redis.connect_timeout`. */
  static async connect(config: RedisConfig, key: string, patience: Patience = {}): Promise<PatientConnection> {
    const server = new PatientConnection(config, key, patience);
    try {
      await server.#connection.ready(loopClock.now() + config.connect_timeout, !patience.awaitsServer);
      return server;
    } catch (error) {
      server[Symbol.dispose]();
      const why = error instanceof Error ? error.message : String(error);
      throw new ConnectionError(`connect: Redis at ${server.address}: ${why}`, { cause: error });
    }
  }

  /** The server's address, for messages; never with a password. */
  get address(): string {
    return this.#connection.address;
  }

  get #holder(): Holder {
    return { user: this.#connection.user, keys: this.#keys, readsOnly: this.#readsOnly };
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  /** The reply to a command. Rejects with a StateError. */
  async send(name: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#settle(name, (deadline) => this.#connection.send(name, args, deadline));
  }

  /** The reply to a command that this user may not run, or this server may not know. A refusal is returned, not thrown. */
  async look(name: string, ...args: (string | number)[]): Promise<Seen<unknown>> {
    try {
      return { seen: await this.send(name, ...args) };
    } catch (error) {
      if (!(error instanceof Error) || !this.#refusals.has(error)) throw error;
      return { denied: error.message };
    }
  }

  /** Runs `lua/{name}.lua`; `argv` follows the call's number. Running it twice must be harmless. */
  async run(name: string, keys: readonly string[], argv: readonly ArgumentValue[]): Promise<Reply> {
    const number = String(++this.#calls);
    const found = script(name);
    const called = scriptArguments(keys, [number, ...argv]);
    const attempt = async (deadline: number) => {
      try {
        return await this.#connection.run(new ScriptCall(found, called, false, this.#readsOnly), deadline);
      } catch (error) {
        if (judge(error, this.#holder).kind !== "unknown_script") throw error;
        return this.#connection.run(new ScriptCall(found, called, true, this.#readsOnly), deadline);
      }
    };
    const reply = await this.#settle(name, attempt, found);
    if (!Array.isArray(reply) || reply.at(-1) !== number) {
      throw new ConnectionError(`${name}: Redis at ${this.address} gave an answer that belongs to another call`);
    }
    return reply.slice(0, -1);
  }

  /** A refused call did not begin: scripts that write check their rights first. */
  async #settle(name: string, attempt: (deadline: number) => Promise<unknown>, found?: Script): Promise<unknown> {
    const deadline = loopClock.now() + this.#patience;
    for (;;) {
      try {
        await this.#connection.ready(deadline);
        return await attempt(deadline);
      } catch (error) {
        const fault = judge(error, this.#holder, found && { script: found, changes: false });
        if (fault.kind === "refused") {
          this.#refusals.add(fault.error);
          throw fault.error;
        }
        if (loopClock.now() >= deadline) {
          const why = "why" in fault ? ` (${fault.why})` : "";
          throw new ConnectionError(`${name}: Redis at ${this.address} gave no answer${why}`, { cause: error });
        }
        await pause(PAUSE);
      }
    }
  }
}
