/**
 * The account part of the configuration: limits over all flows of an exchange account, and the settings that its flows share: they count in one currency,
 * and their days begin at the same time.
 */

import * as z from "zod";
import { InvalidArgumentError } from "../errors.js";
import type { BreakerDuration } from "./duration.js";
import { breakerDuration } from "./duration-schema.js";
import { plain } from "./plain.js";
import { formatProblem, type Problem, problemsOf, withoutConsequences } from "./problem.js";
import { RISK_LIMITS, type RiskLimitName, type RiskLimits, riskLimitShape } from "./risk-limits.js";
import { show } from "./show.js";

/** The limits that an account can have, in the order of the documentation. */
export const ACCOUNT_LIMITS = [
  "max_daily_loss",
  "max_drawdown",
  "max_open_positions",
  "max_positions_per_pair",
  "max_exposure",
] as const satisfies readonly RiskLimitName[];

export type AccountLimitName = (typeof ACCOUNT_LIMITS)[number];

/** The settings of an account that a call can set: its limits, and how long its breaker lasts. */
export const ACCOUNT_SETTINGS = [...ACCOUNT_LIMITS, "breaker_duration"] as const;

export type AccountSettingName = (typeof ACCOUNT_SETTINGS)[number];

/** Settings to be set; null removes a limit. */
export interface AccountSettingsGiven {
  readonly limits: readonly (readonly [AccountLimitName, number | null])[];
  /** ms, unless it is an end by name. */
  readonly duration?: BreakerDuration;
}

export type AccountLimits = { [name in AccountLimitName]?: number };

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const NAME_EXPECTED = "a name of 1 to 64 letters, digits, dots, hyphens or underscores";

/** The name of an exchange account. It is part of Redis keys. */
export function accountName() {
  return z.string({ error: NAME_EXPECTED }).regex(NAME);
}

/** The same for an argument of a call. */
export function parseAccountName(value: unknown): string {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw new InvalidArgumentError(`name: expected ${NAME_EXPECTED}, got ${show(value)}`);
}

const {
  max_daily_loss: maxDailyLoss,
  max_drawdown: maxDrawdown,
  max_open_positions: maxOpenPositions,
  max_positions_per_pair: maxPositionsPerPair,
  max_exposure: maxExposure,
} = riskLimitShape;

/** The limits of an account, as written in a configuration. */
export const accountLimitShape = {
  max_daily_loss: maxDailyLoss.describe(
    "Trips the account's breaker when the day's loss of all its flows reaches this much. Absent: no limit.",
  ),
  max_drawdown: maxDrawdown.describe(
    "Trips the account's breaker when its equity falls this far below its peak: a fraction, 0.2 is 20 %. Absent: no limit.",
  ),
  max_open_positions: maxOpenPositions.describe(
    "Most positions and pending entries of all its flows at a time; 0 refuses all entries. Absent: no limit.",
  ),
  max_positions_per_pair: maxPositionsPerPair.describe(
    "Most positions and pending entries of all its flows at a time in one pair; 0 refuses all entries. Absent: no limit.",
  ),
  max_exposure: maxExposure.describe(
    "Most exposure of all its flows, in the account's currency; 0 refuses all entries. Absent: no limit.",
  ),
} satisfies Record<AccountLimitName, z.ZodType>;

/** The limits that are set. */
export function limitsSet(limits: { readonly [name in RiskLimitName]?: number | null | undefined }): RiskLimits {
  const set: RiskLimits = {};
  for (const name of RISK_LIMITS) {
    const limit = limits[name];
    if (limit !== undefined && limit !== null) set[name] = limit;
  }
  return set;
}

const accountLimitsSchema = z.strictObject(
  { ...accountLimitShape, breaker_duration: breakerDuration().optional() },
  { error: `an object with any of ${ACCOUNT_SETTINGS.join(", ")}` },
);

/** Reads a partial set of an account's limits, as `parseRiskLimits` does for a flow, and how long its breaker lasts. */
export function parseAccountLimits(value: unknown): AccountSettingsGiven {
  const data = plain(value);
  const parsed = accountLimitsSchema.safeParse(data.value);
  if (!parsed.success || data.problems.length > 0) {
    const found = parsed.success ? [] : problemsOf(parsed.error.issues, accountLimitsSchema, data.value);
    const problems = withoutConsequences([...found, ...data.problems]);
    throw new InvalidArgumentError(problems.map((problem) => formatProblem(problem, "limits")).join("\n"));
  }
  const { breaker_duration: duration, ...limits } = parsed.data;
  const given = ACCOUNT_LIMITS.flatMap((name): [AccountLimitName, number | null][] => {
    const limit = limits[name];
    return limit === undefined ? [] : [[name, limit]];
  });
  return { limits: given, ...(duration !== undefined && { duration }) };
}

/** The settings that an account shares with its flows. */
interface Shared<Duration> {
  readonly currency?: string | undefined;
  readonly same_currency: string[];
  readonly day_start: string;
  readonly breaker_duration?: Duration;
}

interface Sections<Duration> {
  readonly risk: Shared<Duration>;
  readonly recovery: { readonly account?: string | undefined };
  readonly account?: (Partial<Shared<Duration>> & { readonly name: string }) | undefined;
}

/** Fills in settings that the account leaves open from `risk`, and the other way round; `recovery.account` is the account's name. */
export function withAccount<Duration, Config extends Sections<Duration>>(config: Config) {
  const { account, ...others } = config;
  if (account === undefined) return others;
  const { risk, recovery } = config;
  const { name, currency = risk.currency, ...rest } = account;
  const same_currency = account.same_currency ?? risk.same_currency;
  const day_start = account.day_start ?? risk.day_start;
  const shared = { ...(currency !== undefined && { currency }), same_currency, day_start };
  return {
    ...others,
    recovery: { ...recovery, account: name },
    risk: { ...risk, ...shared },
    account: { ...rest, name, ...shared },
  };
}

/** Settings of an account that contradict the rest of the configuration, judged by what was written. */
export function accountConflicts(config: unknown, read: (parent: unknown, key: string) => unknown): Problem[] {
  const account = read(config, "account");
  if (typeof account !== "object" || account === null) return [];
  const problems: Problem[] = [];
  const wrong = (key: string, text: string) => problems.push({ path: ["account", key], at: "key", text });
  const risk = read(config, "risk");
  const name = read(account, "name");
  const recovered = read(read(config, "recovery"), "account");
  if (recovered !== undefined && name !== undefined && recovered !== name) {
    wrong("name", `${show(name)} is not recovery.account, ${show(recovered)}: remove that one`);
  }
  if (read(account, "currency") === undefined && read(risk, "currency") === undefined) {
    wrong("currency", "missing: the flows of an account count in one currency; say it here, or as risk.currency");
  }
  for (const key of ["currency", "same_currency", "day_start"]) {
    const [ofAccount, ofFlow] = [read(account, key), read(risk, key)].map(written);
    if (ofAccount !== undefined && ofFlow !== undefined && ofAccount !== ofFlow) {
      wrong(key, `${ofAccount} is not risk.${key}, ${ofFlow}: a flow that differs cannot join; remove one of them`);
    }
  }
  return problems;
}

/** A text, or a list of texts, for messages; undefined for anything else, which is an error of its own. */
function written(value: unknown): string | undefined {
  if (!Array.isArray(value)) return typeof value === "string" ? show(value) : undefined;
  return value.every((item) => typeof item === "string")
    ? `[${value.map((item) => show(item)).join(", ")}]`
    : undefined;
}
