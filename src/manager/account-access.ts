/** An exchange account as such. On Redis it is steered without opening one of its flows; in a DuckDB file, through the file's only flow. */

import type { BackendContext } from "../backends/backend.js";
import type { AccountSettingName, AccountSettingsGiven } from "../config/account.js";
import type { BreakerDuration } from "../config/duration.js";
import { type Config, type ResolvedConfig, resolveConfig } from "../config/schema.js";
import { ConfigError, UnknownFlowError } from "../errors.js";
import { type ForgottenPart, forgetAccountPart } from "../operations/forget-account-part.js";
import { getAccount } from "../operations/get-account.js";
import { getEvents } from "../operations/get-events.js";
import type { Operation } from "../operations/operation.js";
import { resetAccount } from "../operations/reset-account.js";
import { type AccountLimitsInForce, setAccountLimits } from "../operations/set-account-limits.js";
import { tripAccount } from "../operations/trip-account.js";
import { checkSchema } from "../state/schema.js";
import type { AccountStatus, CircuitBreaker, StateEvent } from "../types.js";
import { refuseKept } from "./account.js";
import { configuredOf } from "./account-membership.js";
import { createBackend } from "./create-backend.js";

/** Which account, and who asks. */
interface Asked {
  /** Absent: the flow's account; only for a file. */
  readonly name: string | undefined;
  /** The flow whose file keeps the account. On Redis an account has keys of its own. */
  readonly flowId: string | undefined;
  readonly instance: string;
}

type Run = <Args, Result>(operation: Operation<Args, Result>, args: Args) => Promise<Result>;

/** Runs the operations of an account. On Redis they run on the account's own keys, where its hash takes the place of `flow:meta`; elsewhere on its flow. */
export class AccountAccess implements AsyncDisposable {
  readonly name: string;
  readonly #config: ResolvedConfig;
  readonly #run: Run;
  readonly #close: () => Promise<void>;

  private constructor(name: string, config: ResolvedConfig, run: Run, close: () => Promise<void>) {
    this.name = name;
    this.#config = config;
    this.#run = run;
    this.#close = close;
  }

  /** Rejects with an UnknownFlowError if no flow ever joined the account. If a bot has the flow's file open, the bot is asked through its socket. */
  static async open(config: Config, asked: Asked): Promise<AccountAccess> {
    const resolved = resolveConfig(config);
    return resolved.backend === "redis"
      ? AccountAccess.#onRedis(resolved, asked)
      : AccountAccess.#ofFlow(resolved, asked);
  }

  static async #onRedis(config: ResolvedConfig, { name, instance }: Asked): Promise<AccountAccess> {
    if (name === undefined) throw new ConfigError("which account? On Redis it has to be named");
    const { RedisBackend } = await import("../backends/redis/redis-backend.js");
    const context = { ...contextOf(config, `@${name}`, instance), account: name };
    const access = new RedisBackend(context, config.redis);
    try {
      checkSchema(`account ${name}`, (await access.connect(true)).schema);
    } catch (error) {
      await access.close();
      if (!(error instanceof UnknownFlowError)) throw error;
      throw new UnknownFlowError(`there is no account ${name} with limits: no flow has joined it (account.name)`);
    }
    return new AccountAccess(
      name,
      config,
      (operation, args) => access.execute(operation, args, ""),
      () => access.close(),
    );
  }

  static async #ofFlow(config: ResolvedConfig, { name, flowId, instance }: Asked): Promise<AccountAccess> {
    if (flowId === undefined) throw new ConfigError("which flow? Its account is kept with it");
    const backend = createBackend(config, contextOf(config, flowId, instance));
    try {
      const { account, schema } = await backend.connect(true);
      checkSchema(`flow ${flowId}`, schema);
      if (account === undefined) throw new UnknownFlowError(`flow ${flowId} is in no account (account.name)`);
      if (name !== undefined && account !== name)
        throw new UnknownFlowError(`flow ${flowId} is in account ${account}, not in ${name}`);
      return new AccountAccess(
        account,
        config,
        (operation, args) => backend.execute(operation, args, ""),
        () => backend.close(),
      );
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async status(): Promise<AccountStatus> {
    const status = await this.#run(getAccount, undefined);
    if (!status) throw new UnknownFlowError(`there is no account ${this.name}`);
    return status;
  }

  /** The account's own events after the given one: breaker, limits, flows that joined and left. At most 1,000, oldest first. */
  async events(after: string): Promise<readonly StateEvent[]> {
    return (await this.#run(getEvents, { after, limit: 1000 })).events;
  }

  /** The id of the newest event in the account's own log; `0-0` if there is none. */
  async newestEvent(): Promise<string> {
    return (await this.#run(getEvents, { after: "", limit: 1 })).newest;
  }

  /** `duration`: by default the account's. */
  trip(reason: string, duration: BreakerDuration | undefined): Promise<CircuitBreaker> {
    return this.#run(tripAccount, { reason, duration });
  }

  /** False if the breaker was not active. */
  reset(reason: string): Promise<boolean> {
    return this.#run(resetAccount, { reason });
  }

  /** null removes a limit. */
  setLimits(given: AccountSettingsGiven): Promise<AccountLimitsInForce> {
    return this.#run(setAccountLimits, { how: "call", ...given });
  }

  /** Gives each limit back to the configuration. A limit that is not configured is removed. */
  unsetLimits(names: readonly AccountSettingName[]): Promise<AccountLimitsInForce> {
    return this.#run(setAccountLimits, { how: "unset", ...this.configured(names) });
  }

  /** The configured values of these settings. */
  configured(names: readonly AccountSettingName[]): AccountSettingsGiven {
    return configuredOf(this.#config, this.name, names);
  }

  /** Removes the part of a flow whose state was lost from the account's sums; undefined if it had none. Rejects if the flow still exists. */
  async forget(flowId: string): Promise<ForgottenPart | undefined> {
    await refuseKept(this.#config, undefined, this.name, flowId);
    return this.#run(forgetAccountPart, { flowId });
  }
}

function contextOf({ events }: ResolvedConfig, flowId: string, instance: string): BackendContext {
  return { flowId, instance, maxEvents: events.max_length, isVisitor: true };
}
