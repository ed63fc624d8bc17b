import type { Duration } from "../../src/config/duration.js";
import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import type { FillResult, PendingOrder } from "../../src/types.js";
import type { Rates } from "../plan/options.js";
import type { ExchangeFailure } from "../port/exchange-error.js";

export interface SubmitOptions {
  /**
   * How long to wait until the order is over and its fills are booked. Default: 10s for a market order; 0 for a limit and a stop, which are looked at once.
   * An order that is still open then is returned as `open` or `partially_filled`.
   */
  readonly wait?: Duration;
  /** A call of the exchange that has no answer after this time has failed; default 30s, at most 24h. */
  readonly timeout?: Duration;
  /** Value of one unit of a currency in the flow's currency at that time; asked for each fill whose result or fee is in another currency. */
  readonly rates?: Rates;
  /** Whether the entry's signal may be acted on again if nothing of the entry was filled and nothing will be. Default false. */
  readonly releaseSignal?: boolean;
}

/** Part of every outcome. */
interface Told {
  /** The order as it is in state now: `filled` of it is booked. */
  readonly order: PendingOrder;
  /**
   * What this call booked, oldest first: positions, trades, exits that are left, whether the breaker tripped. Fills that were booked before are not in it.
   */
  readonly fills: readonly FillResult[];
}

/**
 * What happened to an order.
 * - `filled`: all of it is filled and booked.
 * - `partially_filled`, `open`: it stands at the exchange; what was filled so far is booked. The next call books what comes later.
 * - `cancelled`: over with less than its size, perhaps nothing; what was filled is booked.
 * - `rejected`: the exchange did not take it, and this is certain; the order is over and its reservation is free. `failure` is absent if an earlier call
 * already told it.
 * - `unknown`: it may stand at the exchange, or have fills that are not booked. It keeps its reservation and is never sent again: call again, or let
 * `recover` find out.
 */
export type Submission = Told &
  (
    | { readonly outcome: "filled" | "partially_filled" | "open" | "cancelled" }
    | { readonly outcome: "rejected"; readonly failure?: ExchangeFailure; readonly why: string }
    | { readonly outcome: "unknown"; readonly why: string; readonly error?: unknown }
  );

/** The options, checked and with their defaults; times in ms. */
export interface ResolvedSubmitOptions {
  readonly wait: number | undefined;
  readonly timeout: number;
  readonly rates: Rates | undefined;
  readonly releaseSignal: boolean;
}

/** Throws an InvalidArgumentError that names the option and what was expected. */
export function resolveSubmitOptions(options: SubmitOptions): ResolvedSubmitOptions {
  const o = check.fields("options", options, ["wait", "timeout", "rates", "releaseSignal"]);
  const timeout = check.optionalDuration("options.timeout", o.timeout) ?? 30_000;
  if (timeout < 1 || timeout > 86_400_000) {
    throw new InvalidArgumentError(`options.timeout: expected 1ms to 24h, got ${JSON.stringify(o.timeout)}`);
  }
  if (o.rates !== undefined && typeof o.rates !== "function") {
    throw new InvalidArgumentError(`options.rates: expected a function, got ${typeof o.rates}`);
  }
  return {
    wait: check.optionalDuration("options.wait", o.wait),
    timeout,
    rates: o.rates,
    releaseSignal: check.flag("options.releaseSignal", o.releaseSignal),
  };
}
