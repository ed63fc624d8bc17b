/** Reads ccxt's positions, in base currency. */

import { plus, times } from "../../src/exact/double.js";
import type { PositionSide } from "../../src/types.js";
import type { ExchangePosition } from "../port/exchange.js";
import { infoOf, numberOf, priceOf, type Row, requiredText, textOf, unreadable } from "./language/row.js";

/** Fields in which exchanges write the signed size of a position. */
const SIGNED_SIZES = ["positionAmt", "szi", "pos", "currentQty", "size"];

/**
 * Reads one position; undefined for a row of size zero. Throws an Unreadable that names the row if it has no pair, no size or no side. `contractSizeOf` is
 * used for rows without a contract size; it also refuses pairs whose size cannot be told in base currency. If ccxt's size counts what is in the contracts
 * (`inUnits`), the row's own contract size is ignored.
 */
export function readPosition(
  row: Row,
  contractSizeOf: (pair: string) => number,
  {
    inUnits = () => false,
    sideOf = () => undefined,
  }: {
    readonly inUnits?: (pair: string) => boolean;
    readonly sideOf?: (info: Row, pair: string) => PositionSide | undefined;
  } = {},
): ExchangePosition | undefined {
  const contracts = numberOf(row, "contracts");
  if (contracts === 0) return undefined;
  const pair = requiredText(row, "symbol");
  if (contracts === undefined) throw unreadable(row, "it has no size (contracts)");
  const fallback = contractSizeOf(pair);
  const contractSize = inUnits(pair) ? 1 : (numberOf(row, "contractSize") ?? fallback);
  if (contractSize <= 0) throw unreadable(row, `contractSize is ${contractSize}`);
  const entryPrice = priceOf(row, "entryPrice");
  const markPrice = priceOf(row, "markPrice");
  return {
    pair,
    side: sideOf(infoOf(row), pair) ?? positionSideOf(row, contracts),
    size: times(Math.abs(contracts), contractSize),
    ...(entryPrice === undefined ? {} : { entryPrice }),
    ...(markPrice === undefined ? {} : { markPrice }),
  };
}

/** The worth of a position as the exchange tells it; ccxt computes some of them. */
export function notionalOf(row: Row): { readonly notional?: number } {
  const notional = numberOf(row, "notional");
  return notional === undefined ? {} : { notional: Math.abs(notional) };
}

/** One position per pair and side: some exchanges keep cross and isolated positions in separate rows. */
export function mergePositions(positions: readonly ExchangePosition[]): ExchangePosition[] {
  const merged = new Map<string, ExchangePosition>();
  for (const position of positions) {
    const key = `${position.side} ${position.pair}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? position : together(before, position));
  }
  return [...merged.values()];
}

function together(a: ExchangePosition, b: ExchangePosition): ExchangePosition {
  const size = plus(a.size, b.size);
  const { entryPrice: _, notional: __, ...rest } = a;
  const notional =
    a.notional === undefined || b.notional === undefined ? {} : { notional: plus(a.notional, b.notional) };
  if (a.entryPrice === undefined || b.entryPrice === undefined) return { ...rest, ...notional, size };
  return { ...rest, ...notional, size, entryPrice: (a.entryPrice * a.size + b.entryPrice * b.size) / size };
}

/** The side in words if there is one; else a sign: ccxt's own, else the exchange's. */
function positionSideOf(row: Row, contracts: number): PositionSide {
  const info = infoOf(row);
  const said = sideWord(row.side) ?? sideWord(info.positionSide) ?? sideWord(info.posSide);
  if (said !== undefined) return said;
  if (contracts < 0) return "short";
  for (const key of SIGNED_SIZES) {
    const signed = Number(textOf(info, key) ?? info[key] ?? Number.NaN);
    if (Math.abs(signed) > 0) return signed < 0 ? "short" : "long";
  }
  throw unreadable(row, `side is ${JSON.stringify(row.side)}, expected long or short`);
}

/** `net` and `both` name no side: the sign does. */
export function sideWord(value: unknown): PositionSide | undefined {
  if (typeof value !== "string") return undefined;
  const word = value.toLowerCase();
  if (word === "long" || word === "buy") return "long";
  return word === "short" || word === "sell" ? "short" : undefined;
}
