// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is what configuration files say

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Duration, MAX_DURATION, parseDuration } from "../src/config/duration.js";
import { duckdbPath, parseFlowId } from "../src/config/flow-id.js";
import { configFileJsonSchema, configJsonSchema, stateFileJsonSchema } from "../src/config/json-schema.js";
import { loadConfig } from "../src/config/load.js";
import { parseRedisUrl } from "../src/config/redis-url.js";
import {
  type Config,
  checkConfig,
  parseRiskLimits,
  type ResolvedConfig,
  RISK_LIMITS,
  type RiskLimits,
  resolveConfig,
} from "../src/config/schema.js";
import { shortDurationAdvice, shortDurations } from "../src/config/short-durations.js";
import { ConfigError, InvalidArgumentError } from "../src/errors.js";
import { StateManager } from "../src/index.js";

const DEFAULTS: ResolvedConfig = {
  backend: "memory",
  redis: {
    url: "redis://localhost:6379",
    key_prefix: "sf",
    cluster: false,
    connect_timeout: 10_000,
    command_timeout: 2_000,
    wait_replicas: 0,
    allow_eviction: false,
  },
  duckdb: { path: "state/{flow_id}.db" },
  recovery: {
    mode: "sync",
    orphan_positions: "close",
    max_state_age: 86_400_000,
    unexplained: "ask",
    exclusive_account: false,
    ours: {},
  },
  risk: { same_currency: [], guards: [], opposite_side: "allow", breaker_duration: 3_600_000, day_start: "00:00" },
  signals: { dedup_window: 86_400_000, max_ids: 100_000 },
  events: { max_length: 10_000 },
  trades: { max_length: 100_000 },
  execution: { single_active: false, dead_after: 60_000 },
  mark: {},
  report: { group_by: "strategy" },
};

/** What `resolveConfig` says about values that its types forbid; "" when it accepts them. */
function complaint(config: unknown): string {
  const resolve: (config: never) => unknown = resolveConfig;
  try {
    Reflect.apply(resolve, undefined, [config]);
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.is(error.code, "CONFIG");
    return error.message;
  }
}

/** An object with `value` at a dotted path. */
function at(path: string, value: unknown): unknown {
  return path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

// --- durations

test("a duration is a number of milliseconds, or a number with a unit", () => {
  const good: [unknown, number][] = [
    [0, 0],
    [-0, 0],
    [1500, 1500],
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["2h", 7_200_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["0s", 0],
    ["1.001s", 1001],
    ["0.1s", 100],
    ["2.3s", 2300],
    ["36525d", MAX_DURATION],
    [MAX_DURATION, MAX_DURATION],
  ];
  for (const [written, ms] of good) assert.is(parseDuration(written), ms, String(written));
});

test("whatever else is no duration", () => {
  const bad = [
    "",
    "5",
    "5 m",
    " 5m",
    "5m ",
    "-5m",
    "+5m",
    "5M",
    "5y",
    "5w",
    "1e3s",
    ".5h",
    "5.h",
    "0x5s",
    "5minutes",
    "1h30m",
    "NaNs",
  ];
  const broken = ["0.5ms", "0.0001s", "36526d", `${"9".repeat(300)}d`, "٣s", "5m\n"];
  const others = [-1, 1.5, Number.NaN, Infinity, MAX_DURATION + 1, 5n, null, undefined, true, {}, ["5m"], new Date(0)];
  for (const value of [...bad, ...broken, ...others]) assert.is(parseDuration(value), undefined, String(value));
});

test("every whole number of milliseconds survives being written in seconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_DURATION }), (ms) => {
      const seconds = `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}s`;
      assert.is(parseDuration(seconds), ms);
    }),
  );
});

// --- defaults and types

test("an empty configuration has all defaults", () => {
  for (const config of [undefined, {}, { redis: {} }, { risk: undefined }, { redis: { url: undefined } }]) {
    assert.equal(resolveConfig(config), DEFAULTS);
  }
  assert.equal(resolveConfig(Object.create(null)), DEFAULTS);
});

test("a section or a limit that is left empty is the same as one that is not there", () => {
  assert.equal(resolveConfig({ redis: null, risk: { max_daily_loss: null, max_exposure: undefined } }), DEFAULTS);
  const { flow, backend, ...sections } = configJsonSchema().properties ?? {};
  const empty = Object.fromEntries(Object.keys(sections).map((name) => [name, null]));
  assert.equal(resolveConfig(empty), DEFAULTS, Object.keys(empty).join(", "));
  assert.equal(Object.keys(resolveConfig({ risk: { max_daily_loss: null } }).risk), [
    "same_currency",
    "guards",
    "opposite_side",
    "breaker_duration",
    "day_start",
  ]);
});

test("a resolved configuration is a configuration, and resolves to itself", () => {
  const config: Config = {
    backend: "redis",
    redis: {
      url: "rediss://bot:s%40fe@cache.example:6380/3",
      key_prefix: "prod:eu",
      sentinels: [{ host: "10.0.0.1" }, { host: "::1", port: 26_380 }],
      sentinel_name: "mymaster",
      password: "",
      tls: { ca_file: "/etc/ca.pem" },
      command_timeout: "1.5s",
    },
    duckdb: { path: "/var/lib/bots/{flow_id}/state.db" },
    risk: {
      max_daily_loss: 500,
      max_drawdown: 0.2,
      max_open_positions: 0,
      currency: "USDT",
      same_currency: ["USDC", "USD"],
      guards: [
        { kind: "stop_losses", within: "1h", count: 3, block: "side", for: "2h" },
        { kind: "low_profit", within: 60_000, limit: -0.05, for: "1.5h" },
        { kind: "drawdown", within: "30d", limit: 0.2, for: "1ms" },
      ],
      opposite_side: "refuse",
      breaker_duration: "until_day_end",
      day_start: "22:00",
    },
    signals: { dedup_window: "7d", max_ids: 1 },
    events: { max_length: 0 },
    trades: { max_length: 1 },
    execution: { single_active: true },
  };
  const resolved = resolveConfig(config);
  assert.equal(resolved.redis.sentinels, [
    { host: "10.0.0.1", port: 26_379 },
    { host: "::1", port: 26_380 },
  ]);
  assert.equal(resolved.redis.tls, { ca_file: "/etc/ca.pem", reject_unauthorized: true });
  assert.is(resolved.redis.command_timeout, 1500);
  assert.equal(resolved.risk, {
    max_daily_loss: 500,
    max_drawdown: 0.2,
    max_open_positions: 0,
    currency: "USDT",
    same_currency: ["USDC", "USD"],
    guards: [
      { kind: "stop_losses", within: 3_600_000, count: 3, limit: 0, block: "side", for: 7_200_000 },
      { kind: "low_profit", within: 60_000, count: 1, limit: -0.05, block: "pair", for: 5_400_000 },
      { kind: "drawdown", within: 2_592_000_000, count: 1, limit: 0.2, block: "all", for: 1 },
    ],
    opposite_side: "refuse",
    breaker_duration: "until_day_end",
    day_start: "22:00",
  });
  const again: Config = resolved;
  assert.equal(resolveConfig(again), resolved);
});

const GUARD = { kind: "low_profit", within: "1h", for: "2h" } as const;
const WITHIN = 'a duration from 1ms to 30d, such as "1h"';
const FOR = 'a duration from 1ms to 30d, such as "2h"';
const COUNT = "a whole number from 1 to 200";
const SHARE = "a fraction from -1 to 1 with at most 8 decimals, such as 0.02 for 2 %";

for (const [field, guard, expected, got] of [
  ["within", { ...GUARD, within: undefined }, WITHIN, "nothing"],
  ["within", { ...GUARD, within: 0 }, WITHIN, "0"],
  ["within", { ...GUARD, within: "31d" }, WITHIN, '"31d"'],
  ["within", { ...GUARD, within: -1 }, WITHIN, "-1"],
  ["for", { kind: "drawdown", within: "1h" }, FOR, "nothing"],
  ["for", { ...GUARD, for: "until_day_end" }, FOR, '"until_day_end"'],
  ["kind", { ...GUARD, kind: "losses" }, 'one of "stop_losses", "low_profit", "drawdown"', '"losses"'],
  ["kind", { within: "1h", for: "1h" }, 'one of "stop_losses", "low_profit", "drawdown"', "nothing"],
  ["count", { ...GUARD, count: 0 }, COUNT, "0"],
  ["count", { ...GUARD, count: 1.5 }, COUNT, "1.5"],
  ["count", { ...GUARD, count: 201 }, COUNT, "201"],
  ["limit", { ...GUARD, limit: 2 }, SHARE, "2"],
  ["limit", { ...GUARD, limit: Number.NaN }, SHARE, "NaN"],
  ["limit", { ...GUARD, limit: 1e-9 }, SHARE, "1e-9"],
  ["limit", { ...GUARD, kind: "drawdown", limit: -0.1 }, "a fraction from 0 to 1 for a drawdown", "-0.1"],
  ["limit", { ...GUARD, kind: "stop_losses", limit: 0.1 }, "none: stop_losses are counted", "0.1"],
  ["block", { ...GUARD, block: "both" }, 'one of "pair", "side", "all"', '"both"'],
  ["block", { ...GUARD, kind: "drawdown", block: "pair" }, '"all", which is what a drawdown blocks', '"pair"'],
] as const) {
  test(`a guard with ${JSON.stringify(guard)} is refused by its path`, () => {
    const message = complaint({ risk: { guards: [GUARD, guard] } });
    assert.is(message, `risk.guards[1].${field}: expected ${expected}, got ${got}`);
  });
}

test("a field that no guard has is refused by its path, and a guard that is none", () => {
  assert.is(
    complaint({ risk: { guards: [{ ...GUARD, counts: 2 }] } }),
    "risk.guards[0].counts: unknown key; did you mean count?",
  );
  const message =
    "risk.guards[0]: expected an object with kind, within and for, and any of count, limit, block, got a string";
  assert.is(complaint({ risk: { guards: ["drawdown"] } }), message);
});

test("the types are those of the documentation", () => {
  const written: Duration = "1.5h";
  const config: Config = { signals: { dedup_window: written }, risk: { breaker_duration: written } };
  const resolved = resolveConfig(config);
  const window: number = resolved.signals.dedup_window;
  const breaker: number | "until_day_end" | "until_reset" = resolved.risk.breaker_duration;
  const limits: RiskLimits = resolved.risk;
  assert.equal([window, breaker, limits.max_daily_loss], [5_400_000, 5_400_000, undefined]);
  // @ts-expect-error a duration has a unit
  complaint({ signals: { dedup_window: "5" } } satisfies Config);
});

test("what was passed in is neither changed nor kept", () => {
  const config: Config = { redis: { nodes: [{ host: "a" }], cluster: true } };
  const resolved = resolveConfig(Object.freeze(config));
  assert.equal(config, { redis: { nodes: [{ host: "a" }], cluster: true } });
  assert.is.not(resolved.redis.nodes, config.redis?.nodes);
  assert.is.not(resolveConfig().redis, resolveConfig().redis);
});

test("minus zero is zero", () => {
  const resolved = resolveConfig({ risk: { max_exposure: -0, max_daily_trades: -0 }, events: { max_length: -0 } });
  assert.ok(Object.is(resolved.risk.max_exposure, 0));
  assert.ok(Object.is(resolved.risk.max_daily_trades, 0));
  assert.ok(Object.is(resolved.events.max_length, 0));
});

// --- what is wrong, said precisely

const LOSS = "a positive number";
const TRADES = "a whole number, 0 (no trades at all) or more";
const POSITIONS = "a whole number, 0 (no positions at all) or more";
const EXPOSURE = "a number, 0 (no exposure at all) or more";
const STREAK = "a positive whole number";
const DRAWDOWN = "a fraction above 0 and up to 1, such as 0.2 for 20 %";
const MOST_MONEY = "a number of at most 9000000000000";
const DECIMALS = "a number with at most 8 decimals";
const BREAKER = 'a duration of at least 1ms, such as "1h", or "until_day_end", or "until_reset"';
const DAY = 'a UTC time as "HH:MM", "00:00" to "23:59"';
const REPLICAS = "a whole number from 0 to 100";
const TIMEOUT = 'a duration from 10ms to 10m, such as "2s"';
const PERIOD = 'a duration of at least 1ms, such as "24h"';
const PREFIX = "1 to 64 characters without spaces, braces or control characters";
const FILE = "a file path; {flow_id} is the only placeholder, and no file at all is backend: memory";
const BACKEND = 'one of "redis", "duckdb", "memory"';
const FLAG = "true or false";
const IDS = "a whole number from 1 to 10000000";
const LENGTH = "a whole number from 0 to 10000000";
const HOSTS = "a list of one or more { host, port }";
const CREDENTIAL = "a string, in quotes if it looks like a number";

const ACCOUNT_KEYS =
  "name, currency, same_currency, day_start, starting_equity, max_daily_loss, max_drawdown, max_open_positions, max_positions_per_pair, max_exposure, breaker_duration";
const ACCOUNT = "a name of 1 to 64 letters, digits, dots, hyphens or underscores";
const BAD: [path: string, value: unknown, expected: string, got: string][] = [
  ["backend", "postgres", BACKEND, '"postgres"'],
  ["backend", null, BACKEND, "null"],
  ["backend", 5n, BACKEND, "5n"],
  ["backend", ["redis"], BACKEND, "an array"],
  ["redis.url", "http://localhost", "a redis:// or rediss:// URL", '"http://localhost"'],
  ["redis.url", "localhost:6379", "a redis:// or rediss:// URL", '"localhost:6379"'],
  ["redis.url", 6379, "a redis:// or rediss:// URL", "6379"],
  ["redis.url", "redis://a b", "a URL without spaces or control characters", '"redis://a b"'],
  ["redis.url", "redis://localhost\n", "a URL without spaces or control characters", '"redis://localhost\\n"'],
  [
    "redis.url",
    "redis://localhost/prod",
    "nothing but a database number after the host, as in redis://localhost:6379/0",
    '"redis://localhost/prod"',
  ],
  ["redis.key_prefix", "", PREFIX, '""'],
  ["redis.key_prefix", "a b", PREFIX, '"a b"'],
  ["redis.key_prefix", "{sf}", PREFIX, '"{sf}"'],
  ["redis.key_prefix", "a\u0000", PREFIX, '"a\\u0000"'],
  ["redis.key_prefix", "a\u200b", PREFIX, '"a\u200b"'],
  ["redis.key_prefix", "x".repeat(65), PREFIX, `"${"x".repeat(65)}"`],
  ["redis.key_prefix", 5, PREFIX, "5"],
  ["redis.cluster", "yes", FLAG, '"yes"'],
  ["redis.cluster", 1, FLAG, "1"],
  ["redis.allow_eviction", "false", FLAG, '"false"'],
  ["redis.wait_replicas", -1, REPLICAS, "-1"],
  ["redis.wait_replicas", 101, REPLICAS, "101"],
  ["redis.wait_replicas", 1.5, REPLICAS, "1.5"],
  ["redis.wait_replicas", "1", REPLICAS, '"1"'],
  ["redis.command_timeout", "9ms", TIMEOUT, '"9ms"'],
  ["redis.command_timeout", "601s", TIMEOUT, '"601s"'],
  ["redis.command_timeout", 0, TIMEOUT, "0"],
  ["redis.command_timeout", "2", TIMEOUT, '"2"'],
  ["redis.command_timeout", Number.NaN, TIMEOUT, "NaN"],
  ["redis.username", 5, CREDENTIAL, "5"],
  ["redis.password", 123456, CREDENTIAL, "a number"],
  ["redis.sentinel_password", ["x"], CREDENTIAL, "an array"],
  ["redis.nodes", [], HOSTS, "an empty array"],
  ["redis.nodes", "a:1", HOSTS, "a string"],
  ["redis.tls", true, "an object; {} is TLS with the system's certificates", "a boolean"],
  ["redis.tls", null, "an object; {} is TLS with the system's certificates", "null"],
  ["redis.tls.ca_file", "", "the path of a PEM file with certificates to trust", '""'],
  ["redis.tls.reject_unauthorized", "no", FLAG, '"no"'],
  ["duckdb.path", "", FILE, '""'],
  ["duckdb.path", "state/", FILE, '"state/"'],
  ["duckdb.path", ":memory:", FILE, '":memory:"'],
  ["duckdb.path", "state/{flowid}.db", FILE, '"state/{flowid}.db"'],
  ["duckdb.path", "a\u0000b", FILE, '"a\\u0000b"'],
  ["risk.guards", "stop_losses", "a list of guards", "a string"],
  ["risk.guards", null, "a list of guards", "null"],
  ["risk.guards", { kind: "drawdown" }, "a list of guards", "an object"],
  ["recovery.mode", "auto", 'one of "sync", "restore", "close_all", "manual"', '"auto"'],
  ["recovery.orphan_positions", "keep", 'one of "close", "adopt", "manual"', '"keep"'],
  ["recovery.max_state_age", "0s", PERIOD, '"0s"'],
  ["recovery.max_state_age", "101y", PERIOD, '"101y"'],
  ["recovery.reconcile_every", "1ms", 'a duration of at least 1s, such as "60s"', '"1ms"'],
  ["recovery.unexplained", "zero", 'one of "ask", "close"', '"zero"'],
  ["recovery.exclusive_account", "maybe", FLAG, '"maybe"'],
  ["recovery.account", "a b", ACCOUNT, '"a b"'],
  ["recovery.account", "a:b", ACCOUNT, '"a:b"'],
  ["recovery.account", "{a}", ACCOUNT, '"{a}"'],
  ["recovery.ours.pairs", "BTC/USDT", "a list of pairs such as BTC/USDT", "a string"],
  ["recovery.ours.client_order_id_prefix", "a b", "the beginning of a client order id", '"a b"'],
  ["risk.max_daily_loss", "5%", LOSS, '"5%"'],
  ["risk.max_daily_loss", 0, LOSS, "0"],
  ["risk.max_daily_loss", -1, LOSS, "-1"],
  ["risk.max_daily_loss", "500", LOSS, '"500"'],
  ["risk.max_daily_loss", Number.NaN, LOSS, "NaN"],
  ["risk.max_daily_loss", Infinity, LOSS, "Infinity"],
  ["risk.max_daily_loss", false, LOSS, "false"],
  ["risk.max_daily_loss", 9.1e12, MOST_MONEY, "9100000000000"],
  ["risk.max_daily_loss", 0.1 + 0.2, DECIMALS, "0.30000000000000004"],
  ["risk.max_daily_loss", 1e-9, DECIMALS, "1e-9"],
  ["risk.max_daily_trades", -1, TRADES, "-1"],
  ["risk.max_daily_trades", 1.5, TRADES, "1.5"],
  ["risk.max_daily_trades", "many", TRADES, '"many"'],
  ["risk.max_consecutive_losses", 0, STREAK, "0"],
  ["risk.max_consecutive_losses", 2.5, STREAK, "2.5"],
  ["risk.max_drawdown", 0, DRAWDOWN, "0"],
  ["risk.max_drawdown", 20, DRAWDOWN, "20"],
  ["risk.max_drawdown", "20%", DRAWDOWN, '"20%"'],
  ["risk.max_open_positions", -1, POSITIONS, "-1"],
  ["risk.max_open_positions", 2 ** 60, POSITIONS, String(2 ** 60)],
  ["risk.max_positions_per_pair", "1", POSITIONS, '"1"'],
  ["risk.max_exposure", -0.01, EXPOSURE, "-0.01"],
  ["risk.max_exposure", 1e13, MOST_MONEY, "10000000000000"],
  ["risk.max_exposure", new Date(0), EXPOSURE, "an instance of Date"],
  ["risk.breaker_duration", "until_monday", BREAKER, '"until_monday"'],
  ["risk.breaker_duration", "1 hour", BREAKER, '"1 hour"'],
  ["risk.breaker_duration", 0, BREAKER, "0"],
  ["risk.breaker_duration", null, BREAKER, "null"],
  ["risk.day_start", "8:30", DAY, '"8:30"'],
  ["risk.day_start", "24:00", DAY, '"24:00"'],
  ["risk.day_start", 800, DAY, "800"],
  ["risk.day_start", "00:00\n", DAY, '"00:00\\n"'],
  ["signals.dedup_window", 0, PERIOD, "0"],
  ["signals.dedup_window", -1, PERIOD, "-1"],
  ["signals.max_ids", 0, IDS, "0"],
  ["signals.max_ids", 10_000_001, IDS, "10000001"],
  ["events.max_length", -1, LENGTH, "-1"],
  ["events.max_length", 1e9, LENGTH, "1000000000"],
  ["trades.max_length", 0, IDS, "0"],
  ["trades.max_length", 10_000_001, IDS, "10000001"],
  ["execution.single_active", "on", FLAG, '"on"'],
  ["execution.single_active", Symbol("x"), FLAG, "a symbol"],
  ["execution.single_active", () => true, FLAG, "a function"],
];

test("a bad value is named with its path and what was expected", () => {
  for (const [path, value, expected, got] of BAD) {
    assert.is(complaint(at(path, value)), `${path}: expected ${expected}, got ${got}`);
  }
});

test("each of the flow's pairs is looked at", () => {
  const pairs = ["BTC/USDT", ""];
  assert.is(
    complaint({ recovery: { ours: { pairs } } }),
    'recovery.ours.pairs[1]: expected a pair such as BTC/USDT, got ""',
  );
});

test("what is the flow's on its account is taken as it is written", () => {
  const recovery = {
    account: "binance-main",
    exclusive_account: true,
    unexplained: "close" as const,
    ours: { pairs: ["BTC/USDT", "ETH/USDT:USDT"], client_order_id_prefix: "bot-1_" },
  };
  assert.equal(resolveConfig({ recovery }).recovery, { ...DEFAULTS.recovery, ...recovery });
});

const ACCOUNT_SET = { name: "main", currency: "USDT" };

test("what is left open in an account is as under risk, and the other way round", () => {
  const { account, risk, recovery } = resolveConfig({
    account: {
      ...ACCOUNT_SET,
      same_currency: ["USDC"],
      starting_equity: 10_000,
      max_exposure: 5_000,
      max_drawdown: null,
    },
    risk: { day_start: "22:00", breaker_duration: "until_reset", max_exposure: 100 },
  });
  assert.equal(account, {
    name: "main",
    currency: "USDT",
    same_currency: ["USDC"],
    day_start: "22:00",
    starting_equity: 10_000,
    max_exposure: 5_000,
  });
  assert.equal(
    [risk.currency, risk.same_currency, risk.day_start, risk.max_exposure],
    ["USDT", ["USDC"], "22:00", 100],
  );
  assert.is(recovery.account, "main", "recovery.account is the account's name");
});

test("an account comes back equal when it is resolved again, and is none when it is null", () => {
  const once = resolveConfig({ account: { ...ACCOUNT_SET, breaker_duration: "2h" }, recovery: { account: "main" } });
  assert.is(once.account?.breaker_duration, 7_200_000);
  assert.equal(resolveConfig(once), once);
  assert.equal(resolveConfig({ account: null }), DEFAULTS);
});

test("an account that contradicts the flow's own settings is refused", () => {
  const said = (account: unknown, rest: object = {}) => complaint({ account, ...rest });
  assert.is(
    said(ACCOUNT_SET, { recovery: { account: "other" } }),
    'account.name: "main" is not recovery.account, "other": remove that one',
  );
  assert.is(said({ currency: "USDT" }), `account.name: expected ${ACCOUNT}, got nothing`);
  assert.is(
    said({ ...ACCOUNT_SET, max_daily_trades: 3 }),
    "account.max_daily_trades: unknown key; did you mean max_daily_loss?",
  );
  assert.is(said({ ...ACCOUNT_SET, name: "a b" }), `account.name: expected ${ACCOUNT}, got "a b"`);
  assert.is(said({ ...ACCOUNT_SET, name: "@main" }), `account.name: expected ${ACCOUNT}, got "@main"`);
  assert.is(said({ ...ACCOUNT_SET, name: "pw@main" }), `account.name: expected ${ACCOUNT}, got "***@main"`);
  assert.is(said({ ...ACCOUNT_SET, max_exposure: -1 }), `account.max_exposure: expected ${EXPOSURE}, got -1`);
  assert.is(said("main"), `account: expected an object with any of ${ACCOUNT_KEYS}, got a string`);
  assert.is(
    said({ name: "main" }),
    "account.currency: missing: the flows of an account count in one currency; say it here, or as risk.currency",
  );
  const differs = "a flow that differs cannot join; remove one of them";
  assert.is(
    said(ACCOUNT_SET, { risk: { currency: "EUR" } }),
    `account.currency: "USDT" is not risk.currency, "EUR": ${differs}`,
  );
  assert.is(
    said({ ...ACCOUNT_SET, day_start: "01:00" }, { risk: { day_start: "00:00" } }),
    `account.day_start: "01:00" is not risk.day_start, "00:00": ${differs}`,
  );
  assert.is(
    said({ ...ACCOUNT_SET, same_currency: ["USD"] }, { risk: { same_currency: [] } }),
    `account.same_currency: ["USD"] is not risk.same_currency, []: ${differs}`,
  );
  assert.is(said(ACCOUNT_SET, { backend: "duckdb" }), "");
  assert.is(said(ACCOUNT_SET, { backend: "redis", redis: { cluster: true } }), "");
});

test("a long value is cut", () => {
  assert.is(complaint({ backend: "x".repeat(200) }), `backend: expected ${BACKEND}, got "${"x".repeat(80)}..."`);
});

test("a host has no port in it, and a port is one", () => {
  const host = "expected a host name or IP address, without the port";
  const nodes = (node: unknown) => complaint({ redis: { cluster: true, nodes: [{ host: "ok" }, node] } });
  assert.is(nodes({ host: "a:6379" }), `redis.nodes[1].host: ${host}, got "a:6379"`);
  assert.is(nodes({ port: 1 }), `redis.nodes[1].host: ${host}, got nothing`);
  assert.is(nodes({ host: "a", port: 0 }), "redis.nodes[1].port: expected a port from 1 to 65535, got 0");
  assert.is(nodes("a"), "redis.nodes[1]: expected an object { host, port }, got a string");
  assert.is(nodes({ host: "a", prt: 1 }), "redis.nodes[1].prt: unknown key; did you mean port?");
  for (const good of ["redis-0.redis_svc", "10.0.0.1", "::1", "fe80::1"]) assert.is(nodes({ host: good }), "");
});

test("an unknown key is named with the key that was probably meant", () => {
  assert.is(
    complaint({ risk: { max_dayly_loss: 1 } }),
    "risk.max_dayly_loss: unknown key; did you mean max_daily_loss?",
  );
  assert.is(complaint({ risk: { maxDailyLoss: 1 } }), "risk.maxDailyLoss: unknown key; did you mean max_daily_loss?");
  assert.is(complaint({ Backend: "redis" }), "Backend: unknown key; did you mean backend?");
  assert.is(complaint({ max_daily_loss: 1 }), "max_daily_loss: unknown key; did you mean risk.max_daily_loss?");
  assert.is(complaint({ redis: { tls: { ca: "x" } } }), "redis.tls.ca: unknown key");
  assert.is(complaint({ redis: { tls: { cafile: "x" } } }), "redis.tls.cafile: unknown key; did you mean ca_file?");
  assert.is(complaint({ strategy: { a: { b: { c: { d: { e: 1 } } } } } }), "strategy: unknown key");
  assert.is(complaint({ "a b\n": 1 }), '["a b\\n"]: unknown key');
  assert.is(complaint({ [Symbol("s")]: 1 }), '["Symbol(s)"]: unknown key');
});

test("keys that could pollute prototypes are unknown keys like others", () => {
  for (const path of ["", "redis."]) {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const json = path === "" ? `{"${key}": {"cluster": true}}` : `{"redis": {"${key}": {"cluster": true}}}`;
      assert.is(complaint(JSON.parse(json)), `${path}${key}: unknown key`);
    }
  }
  assert.is(Reflect.get({}, "cluster"), undefined);
});

test("only a plain object is a configuration", () => {
  const expected =
    "config: expected an object with any of flow, backend, redis, duckdb, recovery, risk, account, signals, events, trades, execution, mark, report, alerts";
  assert.is(complaint(null), `${expected}, got null`);
  assert.is(complaint([]), `${expected}, got an empty array`);
  assert.is(complaint([{}]), `${expected}, got an array`);
  assert.is(complaint("redis"), `${expected}, got a string`);
  assert.is(complaint(5), `${expected}, got a number`);
  assert.is(complaint(new Map()), "config: expected a plain object, got an instance of Map");
  assert.is(complaint(new (class Settings {})()), "config: expected a plain object, got an instance of Settings");
  assert.is(complaint({ redis: new Date() }), "redis: expected a plain object, got an instance of Date");
  assert.match(complaint({ events: [] }), /^events: expected an object with any of max_length, got an empty array$/);
  const loop: Record<string, unknown> = {};
  loop.redis = loop;
  assert.match(complaint(loop), /redis\.redis: unknown key/);
});

test("everything that is wrong is said at once, one line each", () => {
  assert.equal(
    complaint({
      backend: "sqlite",
      redis: { sentinels: [{ host: "a" }], cluster: true, urll: "x" },
      risk: { max_daily_loss: "5%", max_drawdown: 20 },
    }).split("\n"),
    [
      `backend: expected ${BACKEND}, got "sqlite"`,
      "redis.urll: unknown key; did you mean url?",
      `risk.max_daily_loss: expected ${LOSS}, got "5%"`,
      `risk.max_drawdown: expected ${DRAWDOWN}, got 20`,
      'redis.sentinel_name: missing: redis.sentinels needs the name of the master it watches, such as "mymaster"',
      "redis.sentinels: cannot be used with redis.cluster: true; remove one of them",
    ],
  );
});

test("keys that do not go together are refused", () => {
  const redis = (section: unknown) => complaint({ redis: section });
  const host = { host: "a" };
  assert.is(
    redis({ sentinel_name: "m" }),
    "redis.sentinel_name: is only used with redis.sentinels; add those or remove it",
  );
  assert.match(
    redis({ sentinel_password: "hunter2" }),
    /^redis\.sentinel_password: is only used with redis\.sentinels/,
  );
  assert.match(
    redis({ sentinels: [host], sentinel_name: "m", cluster: true }),
    /^redis\.sentinels: cannot be used with/,
  );
  assert.is(redis({ nodes: [host] }), "redis.nodes: is only used with redis.cluster: true; add that or remove it");
  assert.is(
    redis({ cluster: true, url: "redis://a/1" }),
    "redis.url: names database 1, but a cluster has only database 0",
  );
  assert.is(redis({ tls: { cert_file: "c" } }), "redis.tls.key_file: missing: redis.tls.cert_file needs it");
  assert.is(redis({ tls: { key_file: "c" } }), "redis.tls.cert_file: missing: redis.tls.key_file needs it");
  assert.is(redis({ sentinels: [host], sentinel_name: "m" }), "");
  assert.is(redis({ cluster: true, url: "redis://a/0", nodes: [host] }), "");
  assert.is(redis({ tls: { key_file: "k", cert_file: "c" } }), "");
});

// --- redis URLs and secrets

test("a Redis URL gives its parts", () => {
  assert.equal(parseRedisUrl("redis://localhost"), { tls: false, host: "localhost", port: 6379, db: 0 });
  assert.equal(parseRedisUrl("redis://localhost/"), { tls: false, host: "localhost", port: 6379, db: 0 });
  assert.equal(parseRedisUrl("rediss://u:p%40s%2Fs@[::1]:7000/12"), {
    tls: true,
    host: "::1",
    port: 7000,
    db: 12,
    username: "u",
    password: "p@s/s",
  });
  assert.equal(parseRedisUrl("redis://:pw@redis_svc"), {
    tls: false,
    host: "redis_svc",
    port: 6379,
    db: 0,
    password: "pw",
  });
});

const SECRET = "hunter2swordfish";

test("no message repeats a password, however broken the URL around it is", () => {
  const urls = [
    `redis://:${SECRET}@`,
    `redis://:${SECRET}`,
    `redis://user:${SECRET}`,
    `redis://:${SECRET}@host:port`,
    `redis://:${SECRET}@host/db`,
    `redis://:${SECRET}@host?x`,
    `redis://:${SECRET}@host#x`,
    `redis://:${SECRET}@ho st`,
    `redis://:${SECRET}%@host`,
    `redis://:a@${SECRET}/@host/x`,
    `redis://:a#${SECRET}@host`,
    `redis://:a?${SECRET}@host`,
    `redis://:a/${SECRET}@host`,
    `redis://:/${SECRET}`,
    `redis://host?password=${SECRET}`,
    `redis://host/1#${SECRET}`,
    `redis:/:${SECRET}@host`,
    `redis:${SECRET}`,
    `user:${SECRET}@host`,
    `:${SECRET}`,
    `http://:${SECRET}@host`,
    ` redis://:${SECRET}@host`,
    `redis://:${SECRET}@host redis://:${SECRET}`,
    `redis://[::1]:${SECRET}`,
  ];
  for (const url of urls) {
    for (const config of [{ redis: { url } }, { redis: { url: [url] } }, { redis: url }, { redis: { tls: url } }]) {
      const message = complaint(config);
      assert.match(message, /^redis/);
      assert.not.match(message, SECRET, url);
    }
    if (/@|:\/\//.test(url)) assert.not.match(complaint({ backend: url, duckdb: { path: `${url}/` } }), SECRET, url);
  }
  for (const key of ["password", "sentinel_password"]) {
    for (const value of [[SECRET], { SECRET }, Number.NaN])
      assert.not.match(complaint(at(`redis.${key}`, value)), SECRET);
  }
  assert.not.match(complaint({ redis: { tls: SECRET, nodes: SECRET } }), SECRET);
});

test("a URL that is shown still helps", () => {
  assert.match(complaint({ redis: { url: "redis://bot:pw@cache:6379/x" } }), 'got "redis://***@cache:6379/x"');
  assert.match(complaint({ redis: { url: "redis://cache:99999" } }), 'got "redis://cache:99999"');
  assert.match(complaint({ redis: { url: "redis://[::1]:0" } }), 'got "redis://[::1]:0"');
});

// --- limits

test("the names of the limits are in table order", () => {
  assert.equal(RISK_LIMITS, [
    "max_daily_loss",
    "max_daily_trades",
    "max_consecutive_losses",
    "max_drawdown",
    "max_open_positions",
    "max_positions_per_pair",
    "max_exposure",
  ]);
});

test("a set of limits may be partial, and null removes one", () => {
  assert.equal(parseRiskLimits({}), {});
  assert.equal(parseRiskLimits({ max_exposure: 0, max_daily_loss: null, max_drawdown: undefined }), {
    max_daily_loss: null,
    max_exposure: 0,
  });
});

test("a bad limit is an InvalidArgumentError in the same words as in the configuration", () => {
  const refusal = (value: unknown): string => {
    try {
      parseRiskLimits(value);
    } catch (error) {
      assert.instance(error, InvalidArgumentError);
      return error instanceof InvalidArgumentError ? error.message : "";
    }
    throw new Error("accepted");
  };
  for (const [path, value, expected, got] of BAD) {
    const name = RISK_LIMITS.find((limit) => path === `risk.${limit}`);
    if (name !== undefined) assert.is(refusal({ [name]: value }), `${name}: expected ${expected}, got ${got}`);
  }
  assert.is(refusal({ max_dayly_loss: 1 }), "max_dayly_loss: unknown key; did you mean max_daily_loss?");
  assert.is(refusal({ day_start: "00:00" }), "day_start: unknown key");
  assert.is(refusal(null), `limits: expected an object with any of ${RISK_LIMITS.join(", ")}, got null`);
  assert.is(refusal(new Map()), "limits: expected a plain object, got an instance of Map");
  assert.is(refusal(JSON.parse('{"__proto__": 1}')), "__proto__: unknown key");
  assert.is(refusal({ max_drawdown: 2, max_daily_loss: -1 }).split("\n").length, 2);
});

// --- flow ids

test("a flow id is letters, digits, dots, underscores and hyphens", () => {
  for (const id of ["bot", "BTC-USDT_5m.v2", "a", "...", ".hidden", "x".repeat(128)]) assert.is(parseFlowId(id), id);
  const bad = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a b",
    "a\n",
    "{a}",
    "a:b",
    "é",
    "x".repeat(129),
    5,
    null,
    undefined,
    ["a"],
  ];
  for (const id of bad)
    assert.throws(
      () => parseFlowId(id),
      (error: unknown) => error instanceof ConfigError,
      String(id),
    );
  const expected = 'expected 1 to 128 letters, digits, ".", "_" or "-" (and not just "." or "..")';
  assert.throws(() => parseFlowId("a b"), `flow id: ${expected}, got "a b"`);
});

test("a flow's file cannot leave its folder", () => {
  assert.is(duckdbPath("state/{flow_id}.db", "bot"), "state/bot.db");
  assert.is(duckdbPath("{flow_id}/{flow_id}.db", "a.b"), "a.b/a.b.db");
  assert.is(duckdbPath("one.db", "bot"), "one.db");
  for (const id of ["..", "../x", "a/../../x", "/etc/passwd", "."]) {
    assert.throws(
      () => duckdbPath("state/{flow_id}", id),
      (error: unknown) => error instanceof ConfigError,
    );
  }
});

// --- files

const folder = await mkdtemp(join(tmpdir(), "sf-config-"));
test.after(() => rm(folder, { recursive: true, force: true }));

type Env = Record<string, string | undefined>;

async function load(text: string | Uint8Array, env: Env = {}, name = "bot.yaml"): Promise<ResolvedConfig> {
  const path = join(folder, name);
  await writeFile(path, text);
  return loadConfig(path, { env });
}

/** What `loadConfig` says, without the folder; "" when it accepts the file. */
async function fault(text: string | Uint8Array, env: Env = {}, name = "bot.yaml"): Promise<string> {
  try {
    await load(text, env, name);
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(`${folder}/`, "");
  }
}

test("YAML and JSON, bare and under state:, load to the same configuration", async () => {
  const expected = resolveConfig({ backend: "duckdb", risk: { max_daily_loss: 500 }, signals: { dedup_window: "1h" } });
  assert.equal(await load("backend: duckdb\nrisk:\n  max_daily_loss: 500\nsignals: { dedup_window: 1h }\n"), expected);
  assert.equal(
    await load(
      "exchange: {key: 1}\nstate:\n  backend: duckdb\n  risk: {max_daily_loss: 500}\n  signals: {dedup_window: 1h}",
      {},
      "bot.yml",
    ),
    expected,
  );
  const json = { backend: "duckdb", risk: { max_daily_loss: 500 }, signals: { dedup_window: 3_600_000 } };
  assert.equal(await load(JSON.stringify(json), {}, "bot.json"), expected);
  assert.equal(await load(JSON.stringify({ other: [1], state: json }, null, "\t"), {}, "BOT.JSON"), expected);
  assert.equal(await load(`\ufeff${JSON.stringify(json)}`, {}, "bom.json"), expected);
});

test("an empty file, or an empty state:, has all defaults", async () => {
  for (const text of [
    "",
    "# nothing\n",
    "state:\n",
    "state: {}\nother: 1\n",
    "risk:\n  # max_daily_loss: 5\n",
    "---\n",
  ]) {
    assert.equal(await load(text), DEFAULTS, text);
  }
  assert.equal(await load(" \n", {}, "empty.json"), DEFAULTS);
});

test("what is loaded can be passed on as a configuration", async () => {
  const config: Config = await load("redis: { command_timeout: 1s }");
  assert.is(resolveConfig(config).redis.command_timeout, 1000);
});

test("variables are replaced, with and without a default", async () => {
  const text = [
    "redis:",
    "  url: redis://${HOST:-localhost}:${PORT}/0",
    "  key_prefix: ${PREFIX:-sf}",
    "  password: '$${literal} ${PASS}'",
    "  username: ${EMPTY:-fallback}",
    "  sentinel_name: ${BLANK}",
    "  sentinels: [{ host: '${HOST:-a}', port: '${PORT}' }]",
  ].join("\n");
  const { redis } = await load(text, { PORT: "7000", PASS: "a: b # c ${PORT}", EMPTY: "", BLANK: "m" });
  assert.is(redis.url, "redis://localhost:7000/0");
  assert.is(redis.key_prefix, "sf");
  assert.is(redis.password, "${literal} a: b # c ${PORT}");
  assert.is(redis.username, "fallback");
  assert.equal(redis.sentinels, [{ host: "a", port: 7000 }]);
});

test("a variable becomes a number or a boolean only where one is wanted", async () => {
  const text =
    "redis: { password: '${N}', cluster: '${YES}', command_timeout: '${N}' }\nrisk:\n  max_daily_loss: ${MONEY}\n  max_open_positions: ${NONE:-0}\n";
  const loaded = await load(text, { N: "0500", YES: "true", MONEY: "1250.5" });
  assert.is(loaded.redis.password, "0500");
  assert.is(loaded.redis.cluster, true);
  assert.is(loaded.redis.command_timeout, 500);
  assert.is(loaded.risk.max_daily_loss, 1250.5);
  assert.is(loaded.risk.max_open_positions, 0);
});

test("an empty variable never switches a limit off", async () => {
  const text = "risk:\n  max_daily_loss: ${MAX_LOSS}\n";
  const expected = `bot.yaml:2:19: risk.max_daily_loss: expected ${LOSS}`;
  assert.is(await fault(text, { MAX_LOSS: "" }), `${expected}, got "" (from \${MAX_LOSS})`);
  assert.is(await fault(text, { MAX_LOSS: "null" }), `${expected}, got a string (from \${MAX_LOSS})`);
  assert.is(await fault(text, { MAX_LOSS: "-5" }), `${expected}, got a number (from \${MAX_LOSS})`);
  assert.is(await fault(text, { MAX_LOSS: "0x10" }), `${expected}, got a string (from \${MAX_LOSS})`);
});

test("what a variable holds is never quoted, alone or in a text, in the wrong place or with a wrong value", async () => {
  const env = { SECRET: "hunter2", NUMBER: "12345.5", URL: "http://user:hunter2@host" };
  for (const value of ["${SECRET}", "a ${SECRET} b", "${NUMBER}", "${URL}", "${SECRET}${NUMBER}"]) {
    for (const path of [
      "redis: { command_timeout",
      "redis: { url",
      "risk: { max_daily_trades",
      "redis: { cluster",
      "duckdb: { snapshot_every",
    ]) {
      const told = await load(`${path}: "${value}" }\n`, env).then(() => "", String);
      if (value.startsWith("${SECRET}") && path !== "redis: { url") assert.match(told, /\(from \$\{SECRET\}/);
      for (const secret of ["hunter2", "12345"]) assert.not.ok(told.includes(secret), told);
    }
  }
});

test("a hundred problems are told, and how many more there are", async () => {
  const told = (await fault(Array.from({ length: 3000 }, (_, n) => `k${n}: 1\n`).join(""))).split("\n");
  assert.match(told[99] ?? "", /:100:1: k99: unknown key/);
  assert.is(told[100], "... and 2900 more");
  const near = await fault(Array.from({ length: 3000 }, (_, n) => `redis${n}: 1\n`).join(""));
  assert.is(near.split("\n").filter((line) => line.endsWith("unknown key; did you mean redis?")).length, 100);
});

test("a variable cannot bring in structure", async () => {
  const attack = "memory\nrisk:\n  max_daily_loss: 1";
  assert.match(await fault("backend: ${B}", { B: attack }), /^bot\.yaml:1:10: backend: expected one of/);
  assert.match(await fault("risk: ${R}", { R: "{max_daily_loss: 1}" }), /risk: expected an object .*, got a string/);
  assert.is((await load("redis: { username: '${U}' }", { U: attack })).redis.username, attack);
});

test("a missing variable is named with its place", async () => {
  assert.equal((await fault("redis:\n  url: ${REDIS_URL}\n  password: a${PW}b\nbackend: x\n")).split("\n"), [
    "bot.yaml:2:8: redis.url: the environment variable REDIS_URL is not set; set it, or give a default as in ${REDIS_URL:-default}",
    "bot.yaml:3:13: redis.password: the environment variable PW is not set; set it, or give a default as in ${PW:-default}",
    `bot.yaml:4:10: backend: expected ${BACKEND}, got "x"`,
  ]);
  assert.match(await fault("backend: ${toString}"), "the environment variable toString is not set");
  assert.match(await fault("backend: ${__proto__:-x}"), "(from ${__proto__})");
});

test("a broken reference is an error, not a literal", async () => {
  for (const text of ["${", "${}", "${A", "${1A}", "${A B}", "${A:x}", "${A:-${B}}", "x${-}"]) {
    const place = 'bot.yaml:1:10: backend: "${" begins ${NAME} or ${NAME:-default}; a literal one is written "$${"';
    assert.is(await fault(`backend: '${text}'`, { A: "redis" }), place, text);
  }
  assert.match(await fault("backend: $A"), 'got "$A"');
});

test("only what is under state: is looked at", async () => {
  const text = "api_key: ${UNSET}\nother: [${, !odd x]\n__proto__: { x: 1 }\nstate: { backend: duckdb }\n";
  assert.is((await load(text.replace("[${, !odd x]", "!odd x"))).backend, "duckdb");
  assert.match(
    await fault("strategy: x\nbackend: redis\n"),
    /^bot\.yaml:1:1: strategy: unknown key\n.*under a top-level state: key\.$/,
  );
});

test("errors in a file have line and column", async () => {
  const text = [
    "bot: x",
    "state:",
    "  risk:",
    "    max_daily_loss: 5%",
    "    max_dayly: 1",
    "  redis:",
    "    nodes: [{host: a}]",
  ];
  assert.equal((await fault(text.join("\n"))).split("\n"), [
    `bot.yaml:4:21: risk.max_daily_loss: expected ${LOSS}, got "5%"`,
    "bot.yaml:5:5: risk.max_dayly: unknown key",
    "bot.yaml:7:5: redis.nodes: is only used with redis.cluster: true; add that or remove it",
  ]);
  assert.match(await fault("state: [1]"), /^bot\.yaml:1:8: state: expected an object with any of .*, got an array$/);
  assert.match(await fault("- a"), /^bot\.yaml:1:1: config: expected an object/);
  assert.match(await fault("backend"), /^bot\.yaml:1:1: config: expected an object with any of .*, got a string$/);
  const anchored = "base: &risk\n  max_drawdown: 7\nstate:\n  risk: *risk\n";
  assert.match(await fault(anchored), /^bot\.yaml:2:17: risk\.max_drawdown/);
  const json = '{\n  "risk": {\n    "max_daily_loss": "x"\n  }\n}';
  assert.is(await fault(json, {}, "bot.json"), `bot.json:3:23: risk.max_daily_loss: expected ${LOSS}, got "x"`);
});

test("anchors and merge keys work", async () => {
  const text =
    "base: &base { max_daily_loss: 1, max_drawdown: 0.5 }\nstate:\n  risk:\n    <<: *base\n    max_daily_loss: 2\n";
  assert.equal((await load(text)).risk, { ...DEFAULTS.risk, max_daily_loss: 2, max_drawdown: 0.5 });
});

test("bad syntax is an error with its place, without the text around it", async () => {
  const cases: [text: string, message: string, name?: string][] = [
    ["risk:\n  a: 1\n  a: 2", "bot.yaml:3:3: this key is there twice"],
    ["a: 1\n---\nb: 2", "bot.yaml:2:1: a second document begins here; a configuration is one"],
    ["redis: { url: ${U} }", 'bot.yaml:1:16: inside { } or [ ], quote it: "${NAME}"'],
    [`redis:\n  password: *${SECRET}`, "bot.yaml:2:13: no anchor of this name above; quote a text that begins with *"],
    [`redis:\n  password: !${SECRET} x`, "bot.yaml:2:13: unknown tag; quote a text that begins with !"],
    [`redis:\n  password: @${SECRET}`, "bot.yaml:2:13: Plain value cannot start with reserved character @"],
    [
      `redis:\n  password: "\\${SECRET}"`,
      "bot.yaml:2:14: unknown escape sequence; use single quotes for a text with backslashes",
    ],
    [`redis:\n  password: ]${SECRET}`, "bot.yaml:2:13: Unexpected flow-seq-end token in YAML stream"],
    ["redis:\n\tcluster: true", "bot.yaml:2:1: Tabs are not allowed as indentation"],
    ["[".repeat(100_000), "bot.yaml:1:201: nested too deeply"],
    [
      '{"backend": "redis",}',
      "bot.json:1:21: not valid JSON; look for a comma, a quote or a bracket, and for comments",
      "bot.json",
    ],
    [
      `{"backend": "redis"\n "a": "${SECRET}"}`,
      "bot.json:2:2: not valid JSON; look for a comma, a quote or a bracket, and for comments",
      "bot.json",
    ],
    [
      "backend: redis",
      "bot.json: not valid JSON; look for a comma, a quote or a bracket, and for comments",
      "bot.json",
    ],
    ['{"risk": {"a": 1,\n"a": 2}}', "bot.json:2:1: this key is there twice", "bot.json"],
  ];
  for (const [text, message, name] of cases) assert.is(await fault(text, {}, name), message);
});

test("an alias is of an anchor above it, inside the state's part or outside of it, and of no later one", async () => {
  const outside = "base: &pairs [EUR]\nstate:\n  risk:\n    same_currency: *pairs\n";
  assert.equal((await load(outside)).risk.same_currency, ["EUR"]);
  const later = "state:\n  risk:\n    max_drawdown: *late\nbase: &late 7\n";
  assert.match(await fault(later), /^bot\.yaml:3:19: no anchor of this name above/);
  const elsewhere = "state:\n  backend: memory\nother: *nowhere\n";
  assert.is(await fault(elsewhere), "", "the rest of the file is not ours");
});

test("an alias bomb is refused", async () => {
  const levels = "abcdefg".split("").map((level, depth, all) => {
    const items = depth === 0 ? "x" : `*${all[depth - 1]}`;
    return `${level}: &${level} [${Array(9).fill(items).join(", ")}]`;
  });
  const before = process.cpuUsage();
  assert.match(await fault(`${levels.join("\n")}\nstate: *g`), "aliases (*name) are expanded more than 100 times");
  assert.ok(process.cpuUsage(before).user < 1_000_000, "it is not expanded before it is refused");
  assert.match(await fault("x: &a [*a, *a]\nstate: { redis: *a }"), /redis: expected an object .*, got an array$/);
});

test("a file of more than a megabyte is refused by name, and not parsed; one of a megabyte is read", async () => {
  for (const name of ["bot.yaml", "bot.json"]) {
    assert.is(
      await fault("}".repeat(1_000_001), {}, name),
      `${name}: 1000001 bytes; a configuration has at most 1000000: is it the right file?`,
    );
  }
  assert.is(await fault(`backend: memory\n${"#".repeat(999_983)}\n`), "");
});

test("a file that cannot be read is a ConfigError that says why", async () => {
  assert.match(await fault("x", {}, "bot.toml"), "bot.toml: expected a file that ends in .yaml, .yml or .json");
  assert.match(await fault(new Uint8Array([0x61, 0xff, 0xfe]), {}, "bot.yaml"), /^bot\.yaml: cannot be read: .*utf-8/i);
  try {
    await loadConfig(join(folder, "missing.yaml"));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ConfigError);
    assert.match(String(error), "missing.yaml: cannot be read: ENOENT");
  }
});

test("without options.env the variables of the process are used", async () => {
  const path = join(folder, "env.yaml");
  await writeFile(path, "redis:\n  key_prefix: ${SF_CONFIG_TEST_PREFIX}\n");
  process.env.SF_CONFIG_TEST_PREFIX = "from-env";
  try {
    assert.is((await loadConfig(path)).redis.key_prefix, "from-env");
  } finally {
    delete process.env.SF_CONFIG_TEST_PREFIX;
  }
});

test("one stray character anywhere in a file never makes a message repeat the password", async () => {
  const text = `state:\n  redis:\n    url: redis://u:${SECRET}@host:6379/0\n    password: ${SECRET}\n    sentinel_password: "${SECRET}"\n`;
  const strays = ["'", '"', "[", "*", "!", "\\", "\n", ": ", "${"];
  for (const stray of strays) {
    for (let position = 0; position <= text.length; position++) {
      const message = await fault(text.slice(0, position) + stray + text.slice(position));
      assert.not.match(message, /hunter|swordfish/, `${JSON.stringify(stray)} at ${position}`);
    }
  }
});

// --- JSON Schema

type Schema = ReturnType<typeof configJsonSchema>;

/** Enough of JSON Schema for this one; an unknown keyword is an error. */
function accepts(schema: unknown, value: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return schema === true;
  return Object.entries(schema).every(([keyword, wanted]: [string, unknown]) => {
    switch (keyword) {
      case "$schema":
      case "title":
      case "description":
      case "default":
        return true;
      case "type":
        return typeOf(value) === wanted || (wanted === "number" && typeOf(value) === "integer");
      case "enum":
        return Array.isArray(wanted) && wanted.includes(value);
      case "anyOf":
        return Array.isArray(wanted) && wanted.some((choice) => accepts(choice, value));
      case "pattern":
        return typeof value !== "string" || new RegExp(String(wanted), "u").test(value);
      case "minimum":
        return typeof value !== "number" || value >= Number(wanted);
      case "exclusiveMinimum":
        return typeof value !== "number" || value > Number(wanted);
      case "maximum":
        return typeof value !== "number" || value <= Number(wanted);
      case "minItems":
        return !Array.isArray(value) || value.length >= Number(wanted);
      case "items":
        return !Array.isArray(value) || value.every((item) => accepts(wanted, item));
      case "if":
        return accepts(wanted, value) || !("else" in schema) || accepts(schema.else, value);
      case "else":
        return "if" in schema; // judged with it
      case "required":
        return !isRecord(value) || (Array.isArray(wanted) && wanted.every((key) => Object.hasOwn(value, key)));
      case "properties":
        return (
          !isRecord(value) ||
          Object.entries(value).every(
            ([key, item]) => !isRecord(wanted) || !Object.hasOwn(wanted, key) || accepts(wanted[key], item),
          )
        );
      case "additionalProperties": {
        const known = "properties" in schema && isRecord(schema.properties) ? schema.properties : {};
        return wanted !== false || !isRecord(value) || Object.keys(value).every((key) => Object.hasOwn(known, key));
      }
      default:
        throw new Error(`keyword ${keyword}`);
    }
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

test("the JSON Schema is draft-07, and describes every key with its default", () => {
  const schema = configJsonSchema();
  assert.is(schema.$schema, "http://json-schema.org/draft-07/schema#");
  const defaults: Record<string, unknown> = {};
  const visit = (node: Schema, path: string): void => {
    for (const [key, property] of Object.entries(node.properties ?? {})) {
      if (typeof property === "boolean") throw new Error(key);
      assert.type(property.description, "string", `${path}${key}`);
      if (property.default !== undefined) defaults[path + key] = property.default;
      visit(property, `${path}${key}.`);
    }
    for (const choice of [...(node.anyOf ?? []), ...(isRecord(node.items) ? [node.items] : [])]) visit(choice, path);
  };
  visit(schema, "");
  assert.equal(defaults, {
    backend: "memory",
    "redis.url": "redis://localhost:6379",
    "redis.key_prefix": "sf",
    "redis.cluster": false,
    "redis.nodes.port": 6379,
    "redis.sentinels.port": 26_379,
    "redis.tls.reject_unauthorized": true,
    "redis.connect_timeout": "10s",
    "redis.command_timeout": "2s",
    "redis.wait_replicas": 0,
    "redis.allow_eviction": false,
    "duckdb.path": "state/{flow_id}.db",
    "recovery.mode": "sync",
    "recovery.orphan_positions": "close",
    "recovery.max_state_age": "24h",
    "recovery.unexplained": "ask",
    "recovery.exclusive_account": false,
    "risk.same_currency": [],
    "risk.guards": [],
    "risk.guards.count": 1,
    "risk.guards.limit": 0,
    "risk.opposite_side": "allow",
    "risk.breaker_duration": "1h",
    "risk.day_start": "00:00",
    "signals.dedup_window": "24h",
    "signals.max_ids": 100_000,
    "events.max_length": 10_000,
    "trades.max_length": 100_000,
    "execution.dead_after": "60s",
    "execution.single_active": false,
    "report.group_by": "strategy",
    "alerts.on": [
      "unreadable",
      "breaker",
      "dead",
      "stale",
      "recovering",
      "difference",
      "untold",
      "unknown_order",
      "limit_near",
    ],
    "alerts.template": "json",
    "alerts.again": "1h",
    "alerts.settle": "30s",
    "alerts.every": "5s",
    "alerts.file": "state/{flow_id}.alerts.json",
  });
  const written = Object.entries(defaults).filter(([path]) => !/nodes|sentinels|tls|guards\.|alerts/.test(path));
  for (const [path, value] of written) assert.equal(checkConfig(at(path, value)), { ok: true, config: DEFAULTS });
  assert.equal(JSON.parse(JSON.stringify(schema)), schema);
});

test("the JSON Schema accepts what files say, references to the environment included", () => {
  const schema = configJsonSchema();
  const good: unknown[] = [
    {},
    DEFAULTS,
    { redis: null, risk: { max_daily_loss: null } },
    { risk: { guards: [{ kind: "drawdown", within: "1h", for: "${FOR}" }] } },
    { risk: { max_daily_loss: "${MAX_LOSS}", max_drawdown: "${DD:-0.2}", breaker_duration: "until_reset" } },
    { backend: "${BACKEND:-redis}", redis: { url: "${REDIS_URL}", cluster: "${CLUSTER}", password: "${PW}" } },
    { redis: { url: "rediss://:${PW}@h", tls: { ca_file: "/ca.pem" }, sentinels: [{ host: "${H}", port: "${P}" }] } },
  ];
  for (const config of good) assert.ok(accepts(schema, config), JSON.stringify(config));
});

test("the JSON Schema refuses unknown keys, wrong types and values out of range", () => {
  const schema = configJsonSchema();
  const bad: unknown[] = [
    [],
    "redis",
    { bakcend: "redis" },
    { backend: "postgres" },
    { redis: { url: "http://x" } },
    { redis: { tls: { ca: "x" } } },
    { redis: { nodes: [] } },
    { redis: { nodes: [{ port: 1 }] } },
    { redis: { command_timeout: "5" } },
    { redis: { command_timeout: 5 } },
    { risk: { max_daily_loss: "5%" } },
    { risk: { max_daily_loss: 0 } },
    { risk: { max_daily_trades: 1.5 } },
    { risk: { max_drawdown: 20 } },
    { risk: { day_start: "8:30" } },
    { signals: { dedup_window: "-5m" } },
    { events: { max_length: -1 } },
    { trades: { max_length: 0 } },
    { risk: { guards: [{ kind: "drawdown", within: "1h" }] } },
    { risk: { guards: [{ kind: "losses", within: "1h", for: "1h" }] } },
    { risk: { guards: [{ kind: "drawdown", within: "1h", for: "1h", count: 0 }] } },
  ];
  for (const config of bad) assert.not.ok(accepts(schema, config), JSON.stringify(config));
});

test("the JSON Schema for a bot's own file looks only at state:", () => {
  const schema = stateFileJsonSchema();
  assert.ok(accepts(schema, { strategy: 1, state: { backend: "redis" } }));
  assert.ok(accepts(schema, { state: null }));
  assert.not.ok(accepts(schema, { state: { bakcend: "redis" } }));
});

test("the JSON Schema for editors takes both forms of a file, and complains about faults in either", () => {
  const schema = configFileJsonSchema();
  const good: unknown[] = [
    {},
    DEFAULTS,
    { flow: "bot", backend: "redis", redis: { url: "${REDIS_URL}" } },
    { state: DEFAULTS },
    { state: null, risk: "the bot's own", strategy: { fast: 3 } },
    { backend: 7, state: { flow: "bot", backend: "duckdb" } },
  ];
  const bad: unknown[] = [
    { bakcend: "redis" },
    { strategy: { fast: 3 } },
    { flow: "a flow" },
    { flow: "..", backend: "redis" },
    { state: { bakcend: "redis" } },
    { state: { risk: { max_daily_loss: -1 } } },
    { state: "redis" },
    [],
  ];
  for (const config of good) assert.ok(accepts(schema, config), JSON.stringify(config));
  for (const config of bad) assert.not.ok(accepts(schema, config), JSON.stringify(config));
});

test("a duration below a second where hours are meant is told with its key; words and longer ones are not", () => {
  const keys = (config: Config) => shortDurations(resolveConfig(config)).map(({ key, ms }) => `${key} ${ms}`);
  assert.equal(keys({}), []);
  assert.equal(keys({ signals: { dedup_window: "24h" }, risk: { breaker_duration: "until_day_end" } }), []);
  assert.equal(keys({ signals: { dedup_window: 1000 }, redis: { command_timeout: "500ms" } }), []);
  assert.equal(
    keys({
      signals: { dedup_window: 24 },
      recovery: { max_state_age: 999 },
      risk: { breaker_duration: 4, guards: [{ kind: "stop_losses", within: 6, for: "1h" }] },
      account: { name: "main", currency: "USDT", breaker_duration: 2 },
    }),
    [
      "signals.dedup_window 24",
      "recovery.max_state_age 999",
      "risk.breaker_duration 4",
      "risk.guards[0].within 6",
      "account.breaker_duration 2",
    ],
  );
  const [short = { key: "", ms: 0 }] = shortDurations(resolveConfig({ signals: { dedup_window: 24 } }));
  assert.match(shortDurationAdvice(short), 'dedup_window: "24h"');
});

test("the logger is warned of such a duration when the flow is opened", async () => {
  const warnings: string[] = [];
  const logger = { info() {}, warn: (message: string) => void warnings.push(message) };
  await using _ = await StateManager.open("bot", { signals: { dedup_window: 24 } }, { logger });
  assert.is(warnings.length, 1);
  assert.match(warnings[0] ?? "", /^signals\.dedup_window is 24 ms/);
});

// --- anything at all

const value = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  fc.constantFrom(
    "5m",
    "1.5h",
    "until_reset",
    "00:00",
    "redis://h",
    "redis",
    "sync",
    "close",
    1,
    0,
    0.5,
    true,
    null,
    {},
  ),
  fc.double(),
  fc.integer(),
  fc.string(),
);

/** Objects with mostly the right keys and any values. */
const almost: fc.Arbitrary<unknown> = fc.record(
  Object.fromEntries(
    Object.entries(configJsonSchema().properties ?? {}).map(([key, property]) => {
      const section = typeof property === "object" ? property.anyOf?.find((choice) => choice.properties) : undefined;
      const keys = Object.keys(section?.properties ?? {});
      const inside = fc.record(Object.fromEntries(keys.map((name) => [name, value])), { requiredKeys: [] });
      return [
        key,
        keys.length === 0 ? value : fc.oneof({ weight: 9, arbitrary: inside }, { weight: 1, arbitrary: value }),
      ];
    }),
  ),
  { requiredKeys: [] },
);

/** One right key and any value, so that a good part is accepted. */
const single = fc
  .tuple(fc.constantFrom(...BAD.map(([path]) => path), "redis.nodes", "redis.sentinels"), value)
  .map(([path, item]) => at(path, item));

test("whatever comes in, a ConfigError comes out, or a configuration that resolves to itself and fits the JSON Schema", () => {
  const schema = configJsonSchema();
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.anything(), almost, single), (config) => {
      if (complaint(config) !== "" || config === undefined) return;
      accepted++;
      const checked = checkConfig(config);
      if (!checked.ok) throw new Error("accepted and refused");
      assert.equal(resolveConfig(checked.config), checked.config);
      assert.equal(JSON.parse(JSON.stringify(checked.config)), checked.config);
      assert.ok(accepts(schema, JSON.parse(JSON.stringify(checked.config))));
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 100, `only ${accepted} accepted`);
});

test("any JSON under state: is read as JSON.parse reads it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), async (json) => {
      const expected = complaint(JSON.parse(json)).replace(/^config:/, "state:");
      const message = await fault(`{"state": ${json.replaceAll("${", "")}}`, {}, "fuzz.json");
      if (json === "null") assert.is(message, "");
      else if (!json.includes("${")) assert.equal(plainLines(message), plainLines(expected));
    }),
    { numRuns: 300 },
  );
});

function plainLines(message: string): string[] {
  return message
    .split("\n")
    .map((line) => line.replace(/^fuzz\.json:\d+:\d+: /, ""))
    .sort();
}

test("any text as YAML is a configuration or a ConfigError", async () => {
  const pieces = fc.constantFrom(
    "state",
    "risk",
    ":",
    " ",
    "\n",
    "  ",
    "- ",
    "&a",
    "*a",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "!!set",
    "<<",
    "|",
    "?",
    "#",
    "${A}",
    "1",
    "x",
    ",",
    "%YAML 1.1\n",
    "---",
    "__proto__",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
      await fault(parts.join(""), { A: "1" }); // throws when it is another error
    }),
    { numRuns: 500 },
  );
});

test.run();
