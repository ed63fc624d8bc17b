import type { DailyRisk, DayParts, Metadata, OrderInput, PositionInput } from "../../src/index.js";
import { NOON } from "./clock.js";

export const LONG = {
  id: "p1",
  pair: "BTC/USDT",
  side: "long",
  size: 0.5,
  entryPrice: 40_000,
} as const satisfies PositionInput;

export const BUY = {
  id: "o1",
  pair: "BTC/USDT",
  side: "buy",
  size: 0.5,
  price: 40_000,
} as const satisfies OrderInput;

/** A day on which no entry was refused. */
export const NO_REFUSALS = {
  recovering: 0,
  circuit_breaker: 0,
  account_circuit_breaker: 0,
  daily_loss: 0,
  account_daily_loss: 0,
  max_daily_trades: 0,
  duplicate_signal: 0,
  cooldown: 0,
  guard: 0,
  opposite_side: 0,
  max_open_positions: 0,
  account_max_open_positions: 0,
  max_positions_per_pair: 0,
  account_max_positions_per_pair: 0,
  max_exposure: 0,
  account_max_exposure: 0,
} as const;

/** What the store tells of a position on which nothing was booked. */
export const NOTHING_BOOKED = { realised: 0, fees: 0, cash: 0 } as const;

/** `LONG`, as the store tells it when it was saved at noon. */
export const POSITION = {
  ...LONG,
  entryTs: new Date(NOON),
  metadata: {},
  ...NOTHING_BOOKED,
  openedBy: "saved",
  version: 1,
} as const;

/** `BUY`, as the store tells it when it was saved at noon. */
export const ORDER = {
  ...BUY,
  orderType: "limit",
  status: "open",
  createdAt: new Date(NOON),
  filled: 0,
  intent: "entry",
  version: 1,
} as const;

/** A day that is over; parts that are not given are 0. */
export function dayOver(day: string, pnl: number, trades: number, parts: Partial<DayParts> = {}): DailyRisk {
  return { day, pnl, trades, parts: { closed: 0, open: 0, later: 0, cash: 0, untied: 0, ...parts } };
}

/** Doubles that a decimal text of fewer digits, a float or a careless formatter would not bring back. */
export const DOUBLES = [
  5e-324,
  Number.MAX_VALUE,
  2.2250738585072014e-308,
  2.225073858507201e-308,
  4.35e-310,
  0.1 + 0.2,
  0.1,
  1 / 3,
  1e-7,
  1.1e-7,
  0.000001,
  123456789.12345679,
  9007199254740991,
  9007199254740992,
  4503599627370495.5,
  1e15,
  1e16,
  123456789012345680000,
  1e21,
  1.7976931348623155e308,
  2 ** 60,
  2 ** -44,
] as const;

/** 256 bytes, the most that an id may have: 64 characters of 4 bytes. */
export const LONGEST_ID = "\u{1F680}".repeat(64);

/** Names that a careless store would split, escape, lose or mistake for its own. */
export const EXOTIC_NAMES = [
  "a",
  " spaces around ",
  "line\nbreak\ttab\r",
  'double "quotes"',
  "back\\slash",
  'an"id","metadata":{"x":1}',
  "\u0001\u001f\u007f",
  "ümläut",
  "日本語",
  "\u{1F680}\u{1F4B0}",
  "\u2028\u2029",
  "\uffff",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "0",
  "-1",
  "1e3",
  "none",
  "null",
  "%s%d%%",
  "{flow_id}",
  "pair:BTC/USDT",
  LONGEST_ID,
  "x".repeat(256),
] as const;

/** JSON objects that a store must give back as they came. */
export const METADATA: readonly Metadata[] = [
  {},
  { empty: [], none: null, nested: { empty: {}, list: [[], [{}], [[]]] } },
  {
    yes: true,
    no: false,
    zero: 0,
    text: "",
    number: 0.1 + 0.2,
    tiny: 5e-324,
    huge: Number.MAX_VALUE,
    whole: 2 ** 53 - 1,
  },
  { "": "empty key", " ": 1, 'quo"te': 'in "quotes"', "back\\slash": "C:\\temp", "new\nline": "a\nb\tc\u0000d" },
  { ünï: "日本語 \u{1F680}", "\u2028": "\u2029", "\uffff": "\ud800 alone" },
  { text: ',"metadata":{"fake":true}}', '"metadata"': '","metadata":' },
  { metadata: { metadata: { metadata: ']}"}}' } } },
  { deep: Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner: [inner] }), "bottom") },
  { list: Array.from({ length: 500 }, (_, i) => ({ i, half: i / 2 })) },
];

/** Metadata whose JSON is exactly 64 KiB, in bytes of UTF-8. */
export const LARGEST_METADATA: Metadata = { filler: `${"é".repeat(32_761)}.` };
