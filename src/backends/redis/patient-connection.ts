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

/** How long to wait before asking again, ms. */
const PAUSE = 25;

/** Of the keys of a flow, the one that leads to its server: the others begin with what stands before it. */
const META = "flow:meta";

/** Something that was looked at, or the words with which the server refused to show it. */
export type Seen<Value> = { readonly seen: Value } | { readonly denied: string };

export interface Patience {
  /** How long it asks again, ms; default `redis.command_timeout`. */
  readonly patience?: number;
  /** Its scripts write nothing, and the right to read is enough for them. */
  readonly readsOnly?: boolean;
  /** A bot's: one that is not there is waited for. By default nobody waits for one that refuses the connection, or that no name leads to. */
  readonly awaitsServer?: boolean;
}

/**
 * A connection that sends a command or script again until there is an answer. Only for those that may run twice: they read, or their second run
 * changes nothing.
 */
export class PatientConnection implements Disposable {
  readonly #connection: Connection;
  readonly #keys: readonly string[];
  readonly #patience: number;
  readonly #readsOnly: boolean;
  /** What the server itself had to say. */
  readonly #refusals = new WeakSet<Error>();
  #calls = 0;

  private constructor(config: RedisConfig, key: string, { patience, readsOnly = false }: Patience) {
    this.#patience = patience ?? config.command_timeout;
    this.#readsOnly = readsOnly;
    this.#keys = [key.endsWith(META) ? `${literal(key.slice(0, -META.length))}*` : literal(key)];
    this.#connection = new Connection({ ...config, command_timeout: this.#patience }, key);
  }

  /** In a cluster, to the master of the slot of `key`. Rejects with a ConnectionError within `redis.connect_timeout`. */
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

  /** Where the server is, for messages; never with a password. */
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

  /** The reply to a command that this user, or this server, may not know; what it refuses is told, and is no error. */
  async look(name: string, ...args: (string | number)[]): Promise<Seen<unknown>> {
    try {
      return { seen: await this.send(name, ...args) };
    } catch (error) {
      if (!(error instanceof Error) || !this.#refusals.has(error)) throw error;
      return { denied: error.message };
    }
  }

  /** Runs `lua/{name}.lua`; `argv` goes after the call's number. The second run of it must change nothing. */
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

  /** Whatever is refused was not begun: what writes checks its rights first. */
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
