import { CorruptStateError } from "../../errors.js";
import type { KeyName } from "../../layout/keys.js";
import { type ArgumentValue, addArguments } from "../../operations/arguments.js";
import type { Ask, Operation, Reply, Script } from "../../operations/operation.js";
import { ACCOUNT_KEYS, COMMON_KEYS, mayAskAccount } from "../../operations/operation.js";
import { FlowKeys } from "./keys.js";
import { type Patience, PatientConnection, type Seen } from "./patient-connection.js";
import { findPlace } from "./place.js";
import type { RedisConfig } from "./redis-config.js";

/** Time limit for exporting or importing a whole flow, which takes Redis longer than a bot's call may last, ms. */
const LONG_CALL = 60_000;

/**
 * A flow on a Redis server, used without opening it: looking at a flow never makes one. Only for commands and scripts that may run twice: they read, or
 * their second run changes nothing.
 */
export class RedisFlow implements Disposable {
  readonly keys: FlowKeys;
  readonly #server: PatientConnection;

  private constructor(keys: FlowKeys, server: PatientConnection) {
    this.keys = keys;
    this.#server = server;
  }

  /**
   * Connects to the flow's place. By default each command is repeated for up to a minute. Rejects with a ConnectionError within `redis.connect_timeout`.
   */
  static async connect(
    config: RedisConfig,
    flowId: string,
    patience: Patience = { patience: Math.max(config.command_timeout, LONG_CALL) },
  ): Promise<RedisFlow> {
    return RedisFlow.connectAt(config, flowId, await findPlace(config, flowId, patience), patience);
  }

  /** The same for a given place: that of an account or, without one, the flow's own. */
  static async connectAt(
    config: RedisConfig,
    flowId: string,
    place: string | undefined,
    patience: Patience = { patience: Math.max(config.command_timeout, LONG_CALL) },
  ): Promise<RedisFlow> {
    const keys = new FlowKeys(config.key_prefix, flowId, config.cluster, place);
    return new RedisFlow(keys, await PatientConnection.connect(config, keys.key("flow:meta"), patience));
  }

  /** The server's address, for messages; never with a password. */
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

  /** The reply to a command that this user may not run, or this server may not know. A refusal is returned, not thrown. */
  look(name: string, ...args: (string | number)[]): Promise<Seen<unknown>> {
    return this.#server.look(name, ...args);
  }

  /** The result of a read operation at `now` (default: the server's clock), under this epoch (default: any). */
  async ask<Args, Result>(operation: Operation<Args, Result>, args: Args, now?: number, epoch = ""): Promise<Result> {
    const ofAccount = mayAskAccount(operation) ? await this.#accountKeys() : [];
    return this.#settled(operation, args, (name) => this.keys.key(name), now, epoch, ofAccount);
  }

  /** The same for the staged copy of the flow. */
  async askStaged<Result>(operation: Operation<void, Result>): Promise<Result> {
    return this.#settled(operation, undefined, (name) => this.keys.staged(name));
  }

  /** Runs `lua/{name}.lua`; `argv` follows the call's number. Running it twice must be harmless. */
  run(name: string, keys: readonly string[], argv: readonly ArgumentValue[]): Promise<Reply> {
    return this.#server.run(name, keys, argv);
  }

  /** The keys of the account that the flow is in now. */
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
