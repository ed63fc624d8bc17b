import { CorruptStateError } from "../../errors.js";
import type { KeyName } from "../../layout/keys.js";
import { type ArgumentValue, addArguments } from "../../operations/arguments.js";
import type { Ask, Operation, Reply, Script } from "../../operations/operation.js";
import { ACCOUNT_KEYS, COMMON_KEYS, mayAskAccount } from "../../operations/operation.js";
import { FlowKeys } from "./keys.js";
import { type Patience, PatientConnection, type Seen } from "./patient-connection.js";
import { findPlace } from "./place.js";
import type { RedisConfig } from "./redis-config.js";

/** A whole flow takes Redis longer to tell or to take than the call of a bot may last, ms. */
const LONG_CALL = 60_000;

/**
 * A flow on a Redis server that is worked on without opening it: looking at a flow never makes one. Only for commands and scripts that may run twice:
 * they read, or their second run changes nothing.
 */
export class RedisFlow implements Disposable {
  readonly keys: FlowKeys;
  readonly #server: PatientConnection;

  private constructor(keys: FlowKeys, server: PatientConnection) {
    this.keys = keys;
    this.#server = server;
  }

  /** Where the flow is kept. By default it asks again for a minute. Rejects with a ConnectionError within `redis.connect_timeout`. */
  static async connect(
    config: RedisConfig,
    flowId: string,
    patience: Patience = { patience: Math.max(config.command_timeout, LONG_CALL) },
  ): Promise<RedisFlow> {
    return RedisFlow.connectAt(config, flowId, await findPlace(config, flowId, patience), patience);
  }

  /** The same at a place: that of an account, or without one the flow's own. */
  static async connectAt(
    config: RedisConfig,
    flowId: string,
    place: string | undefined,
    patience: Patience = { patience: Math.max(config.command_timeout, LONG_CALL) },
  ): Promise<RedisFlow> {
    const keys = new FlowKeys(config.key_prefix, flowId, config.cluster, place);
    return new RedisFlow(keys, await PatientConnection.connect(config, keys.key("flow:meta"), patience));
  }

  /** Where the server is, for messages; never with a password. */
  get address(): string {
    return this.#server.address;
  }

  [Symbol.dispose](): void {
    this.#server[Symbol.dispose]();
  }

  /** The reply to a command. Rejects with a StateError. */
  send(name: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#server.send(name, ...args);
  }

  /** The reply to a command that this user, or this server, may not know; what it refuses is told, and is no error. */
  look(name: string, ...args: (string | number)[]): Promise<Seen<unknown>> {
    return this.#server.look(name, ...args);
  }

  /** What a read tells of the flow at `now` (default: the server's clock), under this epoch, by default any of this schema. */
  async ask<Args, Result>(operation: Operation<Args, Result>, args: Args, now?: number, epoch = ""): Promise<Result> {
    const ofAccount = mayAskAccount(operation) ? await this.#accountKeys() : [];
    return this.#settled(operation, args, (name) => this.keys.key(name), now, epoch, ofAccount);
  }

  /** The same of what is staged for the flow. */
  async askStaged<Result>(operation: Operation<void, Result>): Promise<Result> {
    return this.#settled(operation, undefined, (name) => this.keys.staged(name));
  }

  /** Runs `lua/{name}.lua`; `argv` goes after the call's number. The second run of it must change nothing. */
  run(name: string, keys: readonly string[], argv: readonly ArgumentValue[]): Promise<Reply> {
    return this.#server.run(name, keys, argv);
  }

  /** Those of the account that the flow is in now. */
  async #accountKeys(): Promise<string[]> {
    const account = await this.send("hget", this.keys.key("flow:meta"), "account");
    return typeof account === "string" ? ACCOUNT_KEYS.map((name) => this.keys.key(name, account)) : [];
  }

  #settled<Args, Result>(
    operation: Operation<Args, Result>,
    args: Args,
    keyOf: (name: KeyName) => string,
    now?: number,
    epoch = "",
    ofAccount: readonly string[] = [],
  ): Promise<Result> {
    const ask: Ask = (script, own) => this.#asked(script, own, keyOf, now, epoch, ofAccount);
    return now === undefined && operation.inParts ? operation.inParts(ask, args) : ask(operation, args);
  }

  async #asked<Args, Result>(
    script: Script<Args, Result>,
    args: Args,
    keyOf: (name: KeyName) => string,
    now: number | undefined,
    epoch: string,
    ofAccount: readonly string[],
  ): Promise<Result> {
    const argv: ArgumentValue[] = [epoch, now];
    addArguments(argv, script, args);
    const keys = [...[...COMMON_KEYS.read, ...script.keys].map(keyOf), ...ofAccount];
    const reply = await this.run(script.name, keys, argv);
    try {
      return script.decode(reply);
    } catch (cause) {
      throw new CorruptStateError(`${script.name}: what is stored could not be understood: ${String(cause)}`, {
        cause,
      });
    }
  }
}
