/** An exchange account by itself, on Redis: steered without opening one of its flows. */

import type { AccountLimitName, AccountLimits } from "../config/account.js";
import { type Config, type ResolvedConfig, resolveConfig } from "../config/schema.js";
import { ConfigError, UnknownFlowError } from "../errors.js";
import { type ForgottenPart, forgetAccountPart } from "../operations/forget-account-part.js";
import { getAccount } from "../operations/get-account.js";
import { getEvents } from "../operations/get-events.js";
import type { Operation } from "../operations/operation.js";
import { resetAccount } from "../operations/reset-account.js";
import { type AccountLimitsInForce, setAccountLimits } from "../operations/set-account-limits.js";
import { tripAccount } from "../operations/trip-account.js";
import type { BreakerDuration } from "../state/breaker.js";
import { checkSchema } from "../state/schema.js";
import type { AccountStatus, CircuitBreaker, StateEvent } from "../types.js";
import { refuseKept } from "./account.js";

/** Runs the operations of an account on its own keys: its hash is what a flow has as `flow:meta`. */
export class AccountAccess implements AsyncDisposable {
  readonly name: string;
  readonly #redis: ResolvedConfig["redis"];
  /** The limits of the configuration, if it is of this account. */
  readonly #configured: AccountLimits;
  readonly #run: <Args, Result>(operation: Operation<Args, Result>, args: Args) => Promise<Result>;
  readonly #close: () => Promise<void>;

  private constructor(
    name: string,
    redis: ResolvedConfig["redis"],
    configured: AccountLimits,
    run: <Args, Result>(operation: Operation<Args, Result>, args: Args) => Promise<Result>,
    close: () => Promise<void>,
  ) {
    this.name = name;
    this.#redis = redis;
    this.#configured = configured;
    this.#run = run;
    this.#close = close;
  }

  /** Rejects with an UnknownFlowError where no flow ever joined it. */
  static async open(config: Config, name: string, instance: string): Promise<AccountAccess> {
    const { backend, redis, events, account } = resolveConfig(config);
    if (backend !== "redis") throw new ConfigError("accounts of several flows are kept in Redis only");
    const { RedisBackend } = await import("../backends/redis/redis-backend.js");
    const context = { flowId: `@${name}`, instance, account: name, maxEvents: events.max_length, isVisitor: true };
    const access = new RedisBackend(context, redis);
    try {
      checkSchema(`account ${name}`, (await access.connect(true)).schema);
    } catch (error) {
      await access.close();
      if (!(error instanceof UnknownFlowError)) throw error;
      throw new UnknownFlowError(`there is no account ${name} with limits: no flow has joined it (account.name)`);
    }
    return new AccountAccess(
      name,
      redis,
      account?.name === name ? account : {},
      (operation, args) => access.execute(operation, args, ""),
      () => access.close(),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async status(): Promise<AccountStatus> {
    const status = await this.#run(getAccount, undefined);
    if (!status) throw new UnknownFlowError(`there is no account ${this.name}`);
    return status;
  }

  /** What its own log tells after an event: its breaker, its limits, who joined and left. At most 1,000, oldest first. */
  async events(after: string): Promise<readonly StateEvent[]> {
    return (await this.#run(getEvents, { after, limit: 1000 })).events;
  }

  /** The id of the newest event in its own log; `0-0`: there is none. */
  async newestEvent(): Promise<string> {
    return (await this.#run(getEvents, { after: "", limit: 1 })).newest;
  }

  /** `duration` by default the account's. */
  trip(reason: string, duration: BreakerDuration | undefined): Promise<CircuitBreaker> {
    return this.#run(tripAccount, { reason, duration });
  }

  /** False when it was not active. */
  reset(reason: string): Promise<boolean> {
    return this.#run(resetAccount, { reason });
  }

  /** null removes a limit. */
  setLimits(limits: readonly (readonly [AccountLimitName, number | null])[]): Promise<AccountLimitsInForce> {
    return this.#run(setAccountLimits, { how: "call", limits });
  }

  /** Each is what the configuration says of this account, or none. */
  unsetLimits(names: readonly AccountLimitName[]): Promise<AccountLimitsInForce> {
    const limits = names.map((name) => [name, this.#configured[name] ?? null] as const);
    return this.#run(setAccountLimits, { how: "unset", limits });
  }

  /** Takes what a flow whose state was lost held off the sums; undefined where that is nothing. Rejects where there is such a flow. */
  async forget(flowId: string): Promise<ForgottenPart | undefined> {
    await refuseKept({ backend: "redis", redis: this.#redis }, undefined, this.name, flowId);
    return this.#run(forgetAccountPart, { flowId });
  }
}
