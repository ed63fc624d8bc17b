/** The configuration: every key, its range, its default and its meaning, and how it is checked. */

import * as z from "zod";
import { ConfigError } from "../errors.js";
import { isCurrency } from "../words/pair-name.js";
import {
  BACKENDS,
  OPPOSITE_SIDES,
  ORPHAN_ACTIONS,
  oneOfWords,
  RECOVERY_MODES,
  TEMPLATES,
  UNEXPLAINED_ACTIONS,
  USUAL_WANTS,
  WANT_KINDS,
} from "../words/word-lists.js";
import { type AccountLimits, accountLimitShape, accountName, limitsSet, withAccount } from "./account.js";
import { conflicts } from "./conflicts.js";
import { breakerDuration, duration } from "./duration-schema.js";
import { FLOW_ID, FLOW_ID_WORDS } from "./flow-id.js";
import { guardList, guardsReader } from "./guards.js";
import { plain } from "./plain.js";
import { formatProblem, type Problem, problemsOf, withoutConsequences } from "./problem.js";
import { quietHours } from "./quiet-hours.js";
import { isHost, parseRedisUrl } from "./redis-url.js";
import { riskLimitShape } from "./risk-limits.js";
import { webhookFault } from "./webhook-url.js";

export { ACCOUNT_LIMITS, type AccountLimitName, type AccountLimits } from "./account.js";
export { parseRiskLimits, RISK_LIMITS, type RiskLimitName, type RiskLimits } from "./risk-limits.js";

const NAT_ADDRESS = /^\S+:\d{1,5}$/;

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function bool() {
  return z.boolean({ error: "true or false" });
}

/** YAML reads `password: 123456` as a number, and would lose leading zeros. */
function credential() {
  return z.string({ error: "a string, in quotes if it looks like a number" });
}

/** A text that matches `pattern`. */
function text(error: string, pattern: RegExp) {
  return z.string({ error }).regex(pattern);
}

function file(what: string) {
  return text(`the path of ${what}`, /^[^\0]+$/).optional();
}

function address(defaultPort: number) {
  return z.strictObject(
    {
      host: z
        .string({ error: "a host name or IP address, without the port" })
        .refine(isHost)
        .describe("Host name or IP address."),
      port: z.int({ error: "a port from 1 to 65535" }).min(1).max(65535).default(defaultPort).describe("TCP port."),
    },
    { error: "an object { host, port }" },
  );
}

function addresses(defaultPort: number) {
  return z.array(address(defaultPort), { error: "a list of one or more { host, port }" }).min(1).optional();
}

function anyKeyOf(shape: z.ZodRawShape): string {
  return `an object with any of ${Object.keys(shape).join(", ")}`;
}

/** A group of keys; one that is left out, or left empty as YAML's null, has the defaults of all its keys. */
function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const object = z.strictObject(shape, { error: anyKeyOf(shape) });
  return object
    .nullable()
    .transform((value) => value ?? object.parse({}))
    .prefault(null);
}

const redis = section({
  url: z
    .string({ error: "a redis:// or rediss:// URL" })
    .check((context) => {
      const url = parseRedisUrl(context.value);
      if ("fault" in url) context.issues.push({ code: "custom", message: url.fault, input: context.value });
    })
    .meta({ pattern: "^(?:(?:rediss?|valkeys?)://[^\\s?#]+|unix://[^\\s?#]+(?:\\?db=\\d+)?)$" })
    .default("redis://localhost:6379")
    .describe(
      "redis://user:password@host:6379/0, or rediss:// for TLS; valkey:// and valkeys:// are the same. unix:///path/to/redis.sock?db=0 is a socket file of this machine. With sentinels, or nodes, its host and port are not used.",
    ),
  username: credential().optional().describe("User name; overrides the one in the URL."),
  password: credential()
    .optional()
    .describe("Password; overrides the one in the URL, and needs no percent-encoding. Empty: none."),
  password_file: file("a file with the password").describe(
    "File of the password, read whenever a connection is made, so that it may change; in place of password.",
  ),
  key_prefix: text(
    "1 to 64 characters without spaces, braces or control characters",
    /^[^\s{}\p{Cc}\p{Cf}\p{Cs}]{1,64}$/u,
  )
    .meta({ pattern: "^[^\\s{}]{1,64}$" }) // not every editor's regular expressions know \p
    .default("sf")
    .describe("What all keys begin with: sf makes sf:{flow_id}:positions:open."),
  cluster: bool()
    .default(false)
    .describe("Redis Cluster: each flow lives in one slot. url, or nodes, name members to start from."),
  nodes: addresses(6379).describe("Cluster members to start from, in place of the URL's host and port."),
  sentinels: addresses(26379).describe("Sentinels to ask for the current master, in place of the URL's host and port."),
  sentinel_name: text("the name of the master that the sentinels watch", /^\S+$/)
    .optional()
    .describe("The name of the master that the sentinels watch; required with sentinels."),
  sentinel_username: credential().optional().describe("User name for the sentinels themselves."),
  sentinel_password: credential().optional().describe("Password for the sentinels themselves."),
  nat_map: z
    .record(
      z.string().regex(NAT_ADDRESS, { error: "an address such as 10.0.0.1:6379" }),
      z.string({ error: "an address such as localhost:7001" }).regex(NAT_ADDRESS, {
        error: "an address such as localhost:7001",
      }),
      { error: "a map from an address to an address, such as { 10.0.0.1:6379: localhost:7001 }" },
    )
    .optional()
    .describe(
      "How to reach servers that name each other by addresses that do not work from here (NAT, containers): what cluster members and sentinels say, as host:port, and what to use in its place.",
    ),
  tls: z
    .strictObject(
      {
        ca_file: file("a PEM file with certificates to trust").describe(
          "PEM file of the certificates to trust, in place of the system's.",
        ),
        cert_file: file("a PEM file with the client's certificate").describe(
          "PEM file of the client's certificate; needs key_file.",
        ),
        key_file: file("a PEM file with the client's key").describe(
          "PEM file of the client's private key; needs cert_file.",
        ),
        server_name: text("a host name", /^\S+$/)
          .optional()
          .describe("The name that the server's certificate must have, if it is not the host."),
        reject_unauthorized: bool().default(true).describe("Refuse a server whose certificate cannot be verified."),
      },
      { error: "an object; {} is TLS with the system's certificates" },
    )
    .optional()
    .describe("Turns TLS on, as rediss:// does, and says which certificates. {} trusts what the system trusts."),
  connect_timeout: duration('a duration from 10ms to 10m, such as "10s"', 10, 10 * MINUTE)
    .prefault("10s")
    .describe("Connecting fails after this time; until then it is tried again, if that may help."),
  command_timeout: duration('a duration from 10ms to 10m, such as "2s"', 10, 10 * MINUTE)
    .prefault("2s")
    .describe(
      "A call without an answer fails after this time; a shorter break of the connection is bridged by retrying.",
    ),
  wait_replicas: z
    .int({ error: "a whole number from 0 to 100" })
    .min(0)
    .max(100)
    .default(0)
    .describe(
      "How many replicas must have a change before its call ends. With fewer in time the outcome is unknown, and retry() waits again. 0: it waits for none.",
    ),
  allow_eviction: bool()
    .default(false)
    .describe("Accept a server whose maxmemory-policy may evict keys, and so lose state."),
}).describe("Settings of the Redis backend.");

const duckdb = section({
  path: text(
    "a file path; {flow_id} is the only placeholder, and no file at all is backend: memory",
    /^(?!:memory:)(?!.*[/\\]$)(?:[^{}\0\n]|\{flow_id\})+$/,
  )
    .default("state/{flow_id}.db")
    .describe("The database file; {flow_id} is replaced by the flow's id."),
  snapshot_every: duration('a duration of at least 100ms, such as "10s"', 100)
    .optional()
    .describe(
      "How often a snapshot is written beside the file, to {path}.snapshot.json, where others can read it while the bot holds the file. Absent: never.",
    ),
}).describe("Settings of the DuckDB backend.");

const recovery = section({
  mode: z
    .enum(RECOVERY_MODES, { error: oneOfWords(RECOVERY_MODES) })
    .default("sync")
    .describe(
      "How state and exchange are brought in line: sync compares everything; restore trusts the state; close_all flattens what is tracked; manual only plans, and blocks entries until the plan is approved.",
    ),
  orphan_positions: z
    .enum(ORPHAN_ACTIONS, { error: oneOfWords(ORPHAN_ACTIONS) })
    .default("close")
    .describe(
      "Positions that are on the exchange but not in the state: close them, adopt them into the state, or report them.",
    ),
  max_state_age: duration('a duration of at least 1ms, such as "24h"')
    .prefault("24h")
    .describe("Older state is not trusted by restore, and never clears the breaker."),
  reconcile_every: duration('a duration of at least 1s, such as "60s"', 1_000)
    .optional()
    .describe("How often reconcile() compares state and exchange while the bot runs. Absent: every 60s."),
  unexplained: z
    .enum(UNEXPLAINED_ACTIONS, { error: oneOfWords(UNEXPLAINED_ACTIONS) })
    .default("ask")
    .describe(
      "What to do if a tracked position is gone and no fill explains it: ask a person, or end it untold, without a result.",
    ),
  account: accountName()
    .optional()
    .describe(
      "The exchange account: flows of one Redis that name the same one know of each other's positions, orders and fills. Absent: account.name.",
    ),
  exclusive_account: bool()
    .default(false)
    .describe(
      "The exchange account belongs to this flow alone: positions whose maker is not known are the flow's orphans.",
    ),
  ours: section({
    pairs: z
      .array(text("a pair such as BTC/USDT", /^[^\0\n]{1,256}$/), { error: "a list of pairs such as BTC/USDT" })
      .optional()
      .describe("Only these pairs are looked at."),
    client_order_id_prefix: text("the beginning of a client order id", /^[A-Za-z0-9_-]{1,32}$/)
      .optional()
      .describe("Orders whose client order ids begin so are the flow's: for ids from before flows had digests."),
  }).describe("What belongs to the flow on the account."),
}).describe("Bringing state and exchange back in line after a restart.");

function coin() {
  const error = "a currency such as USDT: 1 to 32 characters without slash, colon or space";
  return z.string({ error }).refine(isCurrency, { error }).meta({ pattern: "^[^/:\\s]{1,32}$" });
}

const guards = guardList(duration);

/** Reads a list of guards. Throws an `InvalidArgumentError` that names every bad field, one per line. */
export const parseGuards = guardsReader(guards);

function startingEquity() {
  return z
    .number({ error: "a positive number" })
    .positive()
    .max(9e12, { error: "a number of at most 9000000000000" })
    .nullish();
}

function sameCurrency() {
  return z.array(coin(), { error: "a list of currencies, such as [USDC, USD]" });
}

function dayStart() {
  return text('a UTC time as "HH:MM", "00:00" to "23:59"', /^(?:[01]\d|2[0-3]):[0-5]\d$/);
}

const risk = section({
  ...riskLimitShape,
  starting_equity: startingEquity().describe(
    "Equity then follows what is booked from there on, unless the bot reports it. Counts from the step that first sets it; another value later changes nothing. Absent: equity is what the bot reports.",
  ),
  currency: coin()
    .optional()
    .describe(
      "The currency of PnL, limits, exposure and equity, such as USDT. Absent: the settle currency of the first pair. It never changes.",
    ),
  same_currency: sameCurrency()
    .default([])
    .describe("Currencies that count as that one, at a rate of 1, such as [USDC, USD]."),
  guards: guards
    .prefault([])
    .describe(
      "Look-back guards: they refuse entries for a while after bad trades. They are stored in the flow: the last bot that connects with guards sets them for all.",
    ),
  opposite_side: z
    .enum(OPPOSITE_SIDES, { error: oneOfWords(OPPOSITE_SIDES) })
    .default("allow")
    .describe(
      "Whether an entry may go ahead against an open position, or a pending entry, of the other side of its pair. Each bot's own: it is not stored with the limits.",
    ),
  breaker_duration: breakerDuration()
    .prefault("1h")
    .describe("How long a tripped breaker blocks entries: a duration, until_day_end, or until_reset."),
  day_start: dayStart().default("00:00").describe("When the trading day begins, HH:MM in UTC."),
})
  .transform(
    ({ starting_equity, currency, same_currency, guards, opposite_side, breaker_duration, day_start, ...limits }) => ({
      ...limitsSet(limits),
      ...(typeof starting_equity === "number" && { starting_equity }),
      ...(currency !== undefined && { currency }),
      same_currency,
      guards,
      opposite_side,
      breaker_duration,
      day_start,
    }),
  )
  .describe("Risk limits and the circuit breaker. Every bot of a flow enforces the same limits.");

const accountShape = {
  name: accountName().describe(
    "The exchange account that the flow belongs to. Its flows, of one Redis, share the limits below and one circuit breaker.",
  ),
  currency: coin().optional().describe("What its sums are counted in. Absent: risk.currency."),
  same_currency: sameCurrency()
    .optional()
    .describe("Currencies that count as that one, at a rate of 1. Absent: risk.same_currency."),
  day_start: dayStart().optional().describe("When its trading day begins, HH:MM in UTC. Absent: risk.day_start."),
  starting_equity: startingEquity().describe(
    "Its equity when its first flow joins; from there on it follows what its flows book and transfer. Absent: it has no drawdown.",
  ),
  ...accountLimitShape,
  breaker_duration: breakerDuration()
    .optional()
    .describe(
      "How long its tripped breaker blocks entries: a duration, until_day_end, or until_reset. Absent: as the account has it; a new one begins with risk.breaker_duration.",
    ),
};

const account = z
  .strictObject(accountShape, { error: anyKeyOf(accountShape) })
  .nullish()
  .transform((written) => {
    if (!written) return undefined;
    const { name, currency, same_currency, day_start, starting_equity, breaker_duration, ...limits } = written;
    return {
      name,
      ...(currency !== undefined && { currency }),
      ...(same_currency && { same_currency }),
      ...(day_start !== undefined && { day_start }),
      ...(typeof starting_equity === "number" && { starting_equity }),
      ...limitsSet(limits),
      ...(breaker_duration !== undefined && { breaker_duration }),
    };
  })
  .describe("Limits and one circuit breaker over all flows of an exchange account.");

const signals = section({
  dedup_window: duration('a duration of at least 1ms, such as "24h"')
    .prefault("24h")
    .describe("How long the id of a processed signal is remembered."),
  max_ids: z
    .int({ error: "a whole number from 1 to 10000000" })
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe("How many ids of processed signals are remembered; the oldest go first."),
}).describe("Remembering which signals were processed.");

const events = section({
  max_length: z
    .int({ error: "a whole number from 0 to 10000000" })
    .min(0)
    .max(10_000_000)
    .overwrite((value) => value + 0) // no -0
    .default(10_000)
    .describe("How many events are kept; 0 keeps none."),
}).describe("The event log.");

const trades = section({
  max_length: z
    .int({ error: "a whole number from 1 to 10000000" })
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe("How many closed trades are kept on Redis and in memory; a DuckDB file keeps all."),
}).describe("Closed trades.");

const execution = section({
  single_active: bool()
    .default(false)
    .describe("Only the holder of the flow's lease may change state; everybody else gets a FencedError."),
  dead_after: duration('a duration of at least 1s, such as "60s"', 1_000)
    .prefault("60s")
    .describe(
      "A bot that has given heartbeats, has not closed, and is silent for longer than this counts as dead: the command line raises an alarm.",
    ),
}).describe("Who may act, and who is alive.");

const mark = section({
  path: text("a file path; {flow_id} is the only placeholder", /^(?!.*[/\\]$)(?:[^{}\0\n]|\{flow_id\})+$/)
    .optional()
    .describe(
      "A file on this machine's own disk that keeps the newest event this process saw; {flow_id} is replaced. A later process compares the flow with it: a server that went back to an older copy is a StateLostError at connect. One file for each bot. Absent: none.",
    ),
}).describe("Noticing at connect that the state went back.");

const report = section({
  group_by: text("a key of the trades' metadata, 1 to 256 characters", /^[\s\S]{1,256}$/)
    .default("strategy")
    .describe("The key of the metadata by which reports tell strategies apart."),
}).describe("Reports of the command line.");

const HOURS = "hours in UTC, such as 22:00-07:00";

const alertShape = {
  on: z
    .array(z.enum(WANT_KINDS, { error: oneOfWords(WANT_KINDS) }), {
      error: `a list of one or more of ${WANT_KINDS.join(", ")}`,
    })
    .min(1)
    .default([...USUAL_WANTS])
    .describe("Which kinds of alerts are sent."),
  webhook: z
    .string({ error: "a URL such as https://example.com/hook" })
    .check((context) => {
      const fault = webhookFault(context.value);
      if (fault !== undefined) context.issues.push({ code: "custom", message: fault, input: context.value });
    })
    .meta({ pattern: "^https?://" })
    .optional()
    .describe(
      "Where alerts go: https://, or http:// on this machine. One with a secret in it belongs into webhook_file.",
    ),
  webhook_file: file("a file with the webhook's URL").describe("A file with that URL, read at each sending."),
  template: z
    .enum(TEMPLATES, { error: oneOfWords(TEMPLATES) })
    .default("json")
    .describe("What the webhook takes."),
  chat: text("the id of the chat, in quotes", /^[^\0\n]{1,256}$/)
    .optional()
    .describe("The chat; required with template: telegram."),
  secret_file: file("a file with the secret that signs requests").describe(
    "A file with the secret that signs a request: HMAC-SHA256 in X-SF-Signature.",
  ),
  exec: file("a program").describe(
    "A program in place of a webhook, run without a shell: JSON on its standard input, SF_ALERT_* in its environment.",
  ),
  again: duration('a duration of at least 1s, such as "1h"', SECOND)
    .prefault("1h")
    .describe("How long until the same is sent again while it lasts."),
  settle: duration('a duration, such as "30s", or 0', 0)
    .prefault("30s")
    .describe("What may flicker is sent only after it has lasted this long, and is over only after the same time."),
  quiet_hours: z
    .string({ error: HOURS })
    .refine((hours) => quietHours(hours) !== undefined, { error: HOURS })
    .meta({ pattern: "^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$" })
    .optional()
    .describe("Hours in UTC, such as 22:00-07:00, in which only critical alerts are sent; the others wait."),
  every: duration('a duration of at least 100ms, such as "5s"', 100)
    .prefault("5s")
    .describe("How often the flow is read for it."),
  file: text("a file path; {flow_id} is the only placeholder", /^(?!.*[/\\]$)(?:[^{}\0\n]|\{flow_id\})+$/)
    .default("state/{flow_id}.alerts.json")
    .describe(
      "What was sent; {flow_id} is replaced. It is kept over restarts. Of the bots of a flow that share it, one at a time sends alerts.",
    ),
};

const alerts = z
  .strictObject(alertShape, { error: anyKeyOf(alertShape) })
  .nullish()
  .describe("Alerts that a bot sends by itself about its flow, from connect to close. Absent: none.");

const configShape = {
  flow: text(FLOW_ID_WORDS, FLOW_ID)
    .optional()
    .describe("The id of the bot's flow: what sf-state looks at when --flow does not say another one."),
  backend: z
    .enum(BACKENDS, { error: oneOfWords(BACKENDS) })
    .default("memory")
    .describe(
      "Where state lives: redis (many processes), duckdb (one process, one file), memory (tests and backtests).",
    ),
  redis,
  duckdb,
  recovery,
  risk,
  account,
  signals,
  events,
  trades,
  execution,
  mark,
  report,
  alerts,
};

/** The whole configuration as zod sees it. Throughout, the error texts say what is expected; `problemsOf` adds what was there. */
export const configSchema = z.strictObject(configShape, { error: anyKeyOf(configShape) });

/**
 * The configuration as it is written: every key may be left out. Durations are `Duration`s, money is in quote currency; a
 * limit that is null is not set.
 */
export type Config = z.input<typeof configSchema>;

/** The configuration with all defaults filled in; durations in ms. A limit that is absent is not set. */
export type ResolvedConfig = Omit<z.output<typeof configSchema>, "account" | "alerts"> & {
  readonly account?: AccountConfig;
  readonly alerts?: AlertsConfig;
};

/** Alerts, with all defaults filled in; durations in ms. */
export type AlertsConfig = NonNullable<z.output<typeof configSchema>["alerts"]>;

/** An account with all that is as under `risk` filled in. */
export type AccountConfig = AccountLimits & {
  readonly name: string;
  readonly currency?: string;
  readonly same_currency: string[];
  readonly day_start: string;
  readonly starting_equity?: number;
  /** Absent: as the account has it; a new one begins with that of `risk`. */
  readonly breaker_duration?: ResolvedConfig["risk"]["breaker_duration"];
};

/** A guard as it is written. */
export type GuardInput = z.input<typeof guards>[number];

/** Outcome of a check: the configuration, or everything that is wrong with it. */
export type CheckedConfig = { ok: true; config: ResolvedConfig } | { ok: false; problems: Problem[] };

/** Checks a configuration, whatever it is, without throwing. */
export function checkConfig(input: unknown): CheckedConfig {
  const data = plain(input);
  const parsed = configSchema.safeParse(data.value);
  const found = parsed.success ? [] : problemsOf(parsed.error.issues, configSchema, data.value);
  const problems = withoutConsequences([...found, ...data.problems, ...conflicts(data.value)]);
  return parsed.success && problems.length === 0
    ? { ok: true, config: withAlerts(withAccount(parsed.data)) }
    : { ok: false, problems };
}

/** Without the key where nothing is to be told. */
function withAlerts<Config extends { readonly alerts?: AlertsConfig | null | undefined }>({
  alerts,
  ...others
}: Config) {
  return { ...others, ...(alerts && { alerts }) };
}

/**
 * Checks a configuration and fills in the defaults. What it returns may be passed in again and comes back equal.
 * Throws one `ConfigError` that names, one per line, the path, the value and what was expected, for everything that is wrong.
 */
export function resolveConfig(config: Config = {}): ResolvedConfig {
  const checked = checkConfig(config);
  if (checked.ok) return checked.config;
  throw new ConfigError(checked.problems.map((problem) => formatProblem(problem, "config")).join("\n"));
}
