/**
 * Answers of exchanges and what ccxt makes of them. Our own, made up in the form that each exchange documents, stand in `answers/`;
 * recorded ones are not part of the product and are played on top where they lie beside the checkout.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OWN = new URL("./answers/", import.meta.url);
const RECORDED = new URL("../../../../shared/data/exchange-answers/", import.meta.url);

export interface Recording {
  readonly method: string;
  readonly description: string;
  readonly input: readonly unknown[];
  readonly httpResponse: unknown;
  readonly parsedResponse: unknown;
}

export interface Source {
  readonly name: "made up" | "recorded";
  readonly folder: URL;
}

/** Where answers are on this machine: the made-up ones always. */
export const SOURCES: readonly Source[] = [
  { name: "made up", folder: OWN },
  ...(existsSync(RECORDED) ? [{ name: "recorded", folder: RECORDED } as const] : []),
];

/** Says that only the made-up answers are played; undefined when there are recorded ones. */
export const WITHOUT_RECORDINGS =
  SOURCES.length > 1
    ? undefined
    : `no recorded answers of exchanges in ${fileURLToPath(RECORDED)}: only our own are played`;

/** Of `binance`, `okx`, `kucoinfutures`, `hyperliquid`. */
export function answersOf({ folder }: Source, exchange: string): readonly Recording[] {
  const file: { readonly entries: readonly Recording[] } = JSON.parse(
    readFileSync(new URL(`${exchange}.json`, folder), "utf8"),
  );
  return file.entries;
}
