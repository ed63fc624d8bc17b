/** What a bot sees: one candle per pair and minute, oldest first. */

export const MINUTE = 60_000;

/** One minute of one pair. Prices in quote currency, volume as the source counts it. */
export interface Candle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface Minute {
  /** When it begins: ms since 1970. */
  readonly time: number;
  readonly candles: ReadonlyMap<string, Candle>;
}

export interface Market {
  /** Letters, digits and `-`: it becomes part of the flow id. The same name means the same candles, and perhaps more of them. */
  readonly name: string;
  readonly pairs: readonly string[];
  /** At least one, by time. */
  readonly minutes: readonly Minute[];
  /** Rows of the source that were left out, in words. */
  readonly remarks: readonly string[];
}

/** `2022-01-05 13:07`, UTC. */
export function minuteText(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** `synthetic-1: 4 pairs, 10,080 minutes, 2024-03-04 00:00 to 2024-03-10 23:59`. */
export function marketText({ name, pairs, minutes }: Market): string {
  const [first, last] = [minutes[0]?.time ?? 0, minutes.at(-1)?.time ?? 0].map(minuteText);
  const traded = pairs.length === 1 ? pairs[0] : `${pairs.length} pairs`;
  return `${name}: ${traded}, ${minutes.length.toLocaleString("en-US")} minutes, ${first} to ${last}`;
}
