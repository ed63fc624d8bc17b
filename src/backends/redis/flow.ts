import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedConfig } from "../../config/schema.js";
import { ConnectionError, CorruptStateError } from "../../errors.js";
import { type ArgumentValue, addArguments } from "../../operations/arguments.js";
import type { Operation, Reply } from "../../operations/operation.js";
import { COMMON_KEYS } from "../../operations/operation.js";
import { judge } from "./attempt-failure.js";
import { Connection } from "./connection.js";
import { FlowKeys } from "./keys.js";
import { ScriptCall, scriptArguments } from "./script-call.js";
import { script } from "./scripts.js";

/** How long to wait before asking again, ms. */
const PAUSE = 25;

/** A whole flow takes Redis longer to tell or to take than the call of a bot may last, ms. */
const LONG_CALL = 60_000;

/** Something that was looked at, or the words with which the server refused to show it. */
export type Seen<Value> = { readonly seen: Value } | { readonly denied: string };

/**
 * A flow on a Redis server, worked on without being opened: nothing is made by looking at it. Only what may be asked twice goes
 * through it: commands and scripts that read, or whose second run changes nothing. They are asked again, for a minute, until
 * there is an answer.
 */
export class RedisFlow implements Disposable {
  readonly keys: FlowKeys;
  readonly #connection: Connection;
  readonly #patience: number;
  /** What the server itself had to say. */
  readonly #refusals = new WeakSet<Error>();
  #calls = 0;

  private constructor(config: ResolvedConfig["redis"], flowId: string) {
    this.keys = new FlowKeys(config.key_prefix, flowId, config.cluster);
    this.#patience = Math.max(config.command_timeout, LONG_CALL);
    this.#connection = new Connection({ ...config, command_timeout: this.#patience }, this.keys.key("flow:meta"));
  }

  /** Rejects with a ConnectionError within `redis.command_timeout`. */
  static async connect(config: ResolvedConfig["redis"], flowId: string): Promise<RedisFlow> {
    const flow = new RedisFlow(config, flowId);
    try {
      await flow.#connection.ready(performance.now() + config.command_timeout);
      return flow;
    } catch (error) {
      flow[Symbol.dispose]();
      const why = error instanceof Error ? error.message : String(error);
      throw new ConnectionError(`connect: Redis at ${flow.address}: ${why}`, { cause: error });
    }
  }

  /** Where the server is, for messages; never with a password. */
  get address(): string {
    return this.#connection.address;
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

  /** What a read tells of the flow at `now` (default: the server's clock), under this epoch, by default any of this schema. */
  async ask<Args, Result>(operation: Operation<Args, Result>, args: Args, now?: number, epoch = ""): Promise<Result> {
    const keys = [...COMMON_KEYS.read, ...operation.keys].map((name) => this.keys.key(name));
    return this.#asked(operation, keys, args, now, epoch);
  }

  /** The same of what is staged for the flow. */
  async askStaged<Result>(operation: Operation<void, Result>): Promise<Result> {
    const keys = [...COMMON_KEYS.read, ...operation.keys].map((name) => this.keys.staged(name));
    return this.#asked(operation, keys, undefined, undefined);
  }

  /** Runs `lua/{name}.lua`; `argv` goes after the call's number. The second run of it must change nothing. */
  async run(name: string, keys: readonly string[], argv: readonly ArgumentValue[]): Promise<Reply> {
    const number = String(++this.#calls);
    const found = script(name);
    const called = scriptArguments(keys, [number, ...argv]);
    const reply = await this.#settle(name, async (deadline) => {
      try {
        return await this.#connection.run(new ScriptCall(found, called, false), deadline);
      } catch (error) {
        if (judge(error).kind !== "unknown_script") throw error;
        return this.#connection.run(new ScriptCall(found, called, true), deadline);
      }
    });
    if (!Array.isArray(reply) || reply.at(-1) !== number) {
      throw new ConnectionError(`${name}: Redis at ${this.address} gave an answer that belongs to another call`);
    }
    return reply.slice(0, -1);
  }

  async #asked<Args, Result>(
    operation: Operation<Args, Result>,
    keys: readonly string[],
    args: Args,
    now: number | undefined,
    epoch = "",
  ): Promise<Result> {
    const argv: ArgumentValue[] = [epoch, now];
    addArguments(argv, operation, args);
    const reply = await this.run(operation.name, keys, argv);
    try {
      return operation.decode(reply);
    } catch (cause) {
      throw new CorruptStateError(`${operation.name}: what is stored could not be understood: ${String(cause)}`, {
        cause,
      });
    }
  }

  async #settle(name: string, attempt: (deadline: number) => Promise<unknown>): Promise<unknown> {
    const deadline = performance.now() + this.#patience;
    for (;;) {
      try {
        await this.#connection.ready(deadline);
        return await attempt(deadline);
      } catch (error) {
        const fault = judge(error);
        if (fault.kind === "refused") {
          this.#refusals.add(fault.error);
          throw fault.error;
        }
        if (performance.now() >= deadline) {
          const why = "why" in fault ? ` (${fault.why})` : "";
          throw new ConnectionError(`${name}: Redis at ${this.address} gave no answer${why}`, { cause: error });
        }
        await pause(PAUSE);
      }
    }
  }
}
