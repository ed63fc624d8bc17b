/** The messages between the server of a paper exchange and its clients: one line each, as `wire.ts` writes it. */
import * as z from "zod";
import { InvalidArgumentError } from "../../../src/errors.js";
import { ExchangeError } from "../../port/exchange-error.js";
import { writtenRules } from "../rules.js";

export const PROTOCOL = 1;

/** What a client may ask for: methods of the exchange, and its readable properties. */
export const METHODS = [
  "fetchTime",
  "fetchMarket",
  "resolvePair",
  "fetchPositions",
  "fetchOpenOrders",
  "fetchOrder",
  "fetchOrderById",
  "fetchFills",
  "createOrder",
  "cancelOrder",
  "price",
  "setPrice",
  "candle",
  "trade",
  "liquidate",
  "fund",
  "settle",
  "amend",
  "delist",
  "fillOrder",
  "account",
] as const;
export type Method = (typeof METHODS)[number] | "seen";

/** The server's first line. */
export const hello = z.object({
  /** With another protocol number, nothing is known of what follows. */
  protocol: z.int(),
  /** Identifies the account: another account at the same place is noticed. */
  account: z.string(),
  rules: writtenRules,
});
export type Hello = z.infer<typeof hello>;

/** Clients number their questions. */
export const question = z.object({ ask: z.int(), method: z.enum([...METHODS, "seen"]), args: z.array(z.unknown()) });

const FAILURES = [
  "no_answer",
  "authentication",
  "duplicate_order_id",
  "nothing_to_reduce",
  "rejected",
  "other_id",
  "unsupported",
] as const;

const toldError = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("exchange"), failure: z.enum(FAILURES), message: z.string() }),
  z.object({ kind: z.literal("argument"), message: z.string() }),
  z.object({ kind: z.literal("other"), message: z.string() }),
]);
type ToldError = z.infer<typeof toldError>;

export const reply = z.union([
  z.object({ answerTo: z.int(), error: toldError }),
  z.object({ answerTo: z.int(), answer: z.unknown() }),
]);

export function tellError(error: unknown): ToldError {
  if (error instanceof ExchangeError) return { kind: "exchange", failure: error.failure, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: error instanceof InvalidArgumentError ? "argument" : "other", message };
}

export function errorOf(told: ToldError): Error {
  if (told.kind === "exchange") return new ExchangeError(told.failure, told.message);
  return told.kind === "argument" ? new InvalidArgumentError(told.message) : new Error(told.message);
}
