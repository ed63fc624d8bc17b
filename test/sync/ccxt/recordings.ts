/**
 * Recorded answers of exchanges and what ccxt makes of them: `../shared/data/exchange-answers` beside the checkout. They are not
 * part of the product: without them small answers of the same shape, made by hand, are used, and the tests say so.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HAND_MADE } from "./hand-made.js";

const FOLDER = fileURLToPath(new URL("../../../../shared/data/exchange-answers/", import.meta.url));

export interface Recording {
  readonly method: string;
  readonly description: string;
  readonly input: readonly unknown[];
  readonly httpResponse: unknown;
  readonly parsedResponse: unknown;
}

/** Why the recorded answers are not used; undefined when they are. */
export const WITHOUT_RECORDINGS = existsSync(FOLDER)
  ? undefined
  : `no recorded answers of exchanges in ${FOLDER}: answers made by hand stand in for them`;

/** `binance`, `okx`, `kucoinfutures`, `hyperliquid`. */
export function recordingsOf(exchange: string): readonly Recording[] {
  if (WITHOUT_RECORDINGS !== undefined) return HAND_MADE[exchange] ?? [];
  const file: { readonly entries: readonly Recording[] } = JSON.parse(
    readFileSync(join(FOLDER, `${exchange}.json`), "utf8"),
  );
  return file.entries;
}
