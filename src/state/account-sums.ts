/** Compares an account's sums with the sums over its flows, exactly, from the stored texts of both. */
import { parseDecimal, subtractDecimal, toNumber } from "../exact/decimal.js";
import { decimalOf, formatMoney, type Money, parseMoney } from "../exact/money.js";

type Texts = ReadonlyMap<string, string>;

/** The fields of every account. */
const NEEDED = [
  ...[
    "epoch",
    "currency",
    "same_currency",
    "day_start",
    "breaker_duration",
    "duration_by",
    "duration_who",
    "duration_at",
  ],
  ...["day", "daily_pnl", "notional", "slots", "peak_equity", "current_drawdown"],
];

/** What one flow, or all flows together, take of the account. */
interface Held {
  notional: Money;
  slots: number;
  readonly ofPair: Map<string, number>;
}

/**
 * The differences in words; empty if there are none. `account` holds all fields of an account, `flows` the `risk:exposure` of each of its flows, by flow
 * id.
 */
export function accountDifferences(account: Texts, flows: ReadonlyMap<string, Texts>): string[] {
  const found: string[] = [];
  const same = (what: string, stands: string, expected: string) => {
    if (stands !== expected) found.push(`${what} is ${stands}, and ${expected} over its flows`);
  };
  const ids = [...account.keys()].flatMap((field) => /^([A-Za-z0-9._-]+)\|slots$/.exec(field)?.[1] ?? []);
  for (const field of NEEDED) {
    if (!account.has(field)) found.push(`${field} is missing: calls of its flows that ask it fail`);
  }
  const total: Held = { notional: 0n, slots: 0, ofPair: new Map() };
  let booked: Money = 0n;
  let today: Money = 0n;
  for (const id of ids) {
    const part = heldIn(account, `${id}|`);
    total.notional += part.notional;
    total.slots += part.slots;
    for (const [pair, slots] of part.ofPair) total.ofPair.set(pair, (total.ofPair.get(pair) ?? 0) + slots);
    const amount = (field: string) => parseMoney(account.get(`${id}|${field}`) ?? "0");
    booked += amount("booked") + amount("transferred");
    if (account.get(`${id}|day`) === account.get("day")) today += amount("daily_pnl");
    const exposure = flows.get(id);
    if (exposure) found.push(...partDifferences(id, part, ofFlow(exposure)));
    else if (part.slots !== 0 || part.notional !== 0n) {
      found.push(
        `it counts ${part.slots} slots and an exposure of ${formatMoney(part.notional)} of flow ${id}, which is not in it any more: sf-state account forget ${id} takes them off, once nothing of them is at the exchange`,
      );
    }
  }
  for (const id of flows.keys()) if (!ids.includes(id)) found.push(`it counts nothing of flow ${id}, which is in it`);

  const sums = heldIn(account, "");
  same("its exposure", formatMoney(sums.notional), formatMoney(total.notional));
  same("the number of its slots", String(sums.slots), String(total.slots));
  for (const pair of new Set([...sums.ofPair.keys(), ...total.ofPair.keys()])) {
    same(`the number of its slots on ${pair}`, String(sums.ofPair.get(pair) ?? 0), String(total.ofPair.get(pair) ?? 0));
  }
  same("today's PnL", account.get("daily_pnl") ?? "missing", formatMoney(today));
  const [equity, starting] = [account.get("equity"), account.get("starting_equity")];
  if (equity !== undefined && starting !== undefined) {
    const gained = booked - parseMoney(account.get("booked_before") ?? "0");
    const expected = subtractDecimal(parseDecimal(equity), decimalOf(gained));
    if (toNumber(subtractDecimal(expected, parseDecimal(starting))) !== 0) {
      found.push(`its equity is ${equity}, and ${starting} and ${formatMoney(gained)} over its flows`);
    }
  }
  return found;
}

function partDifferences(id: string, part: Held, own: Held): string[] {
  const differs = (what: string, stands: string, expected: string) =>
    stands === expected ? [] : [`${what} of flow ${id} is ${expected}, and ${stands} in the account`];
  const pairs = new Set([...part.ofPair.keys(), ...own.ofPair.keys()]);
  return [
    ...differs("the exposure", formatMoney(part.notional), formatMoney(own.notional)),
    ...differs("the number of slots", String(part.slots), String(own.slots)),
    ...[...pairs].flatMap((pair) =>
      differs(`the number of slots on ${pair}`, String(part.ofPair.get(pair) ?? 0), String(own.ofPair.get(pair) ?? 0)),
    ),
  ];
}

function heldIn(account: Texts, prefix: string): Held {
  const ofPair = new Map<string, number>();
  const start = `${prefix}slots:`;
  for (const [field, count] of account)
    if (field.startsWith(start)) ofPair.set(field.slice(start.length), Number(count));
  return {
    notional: parseMoney(account.get(`${prefix}notional`) ?? "0"),
    slots: Number(account.get(`${prefix}slots`) ?? 0),
    ofPair,
  };
}

/** Reads a flow's `risk:exposure`: both sides of a pair are added up. */
function ofFlow(exposure: Texts): Held {
  const ofPair = new Map<string, number>();
  for (const [field, count] of exposure) {
    const pair = /^(?:long|short):(.*)$/s.exec(field)?.[1];
    if (pair !== undefined) ofPair.set(pair, (ofPair.get(pair) ?? 0) + Number(count));
  }
  return { notional: parseMoney(exposure.get("notional") ?? "0"), slots: Number(exposure.get("slots") ?? 0), ofPair };
}
