/** The shapes of a served exchange's answers, checked where they arrive. */
import * as z from "zod";
import { ORDER_SIDES, POSITION_SIDES } from "../../../src/words/word-lists.js";
import type { ExchangeFill, ExchangeOrder, ExchangePosition, MarketTerms, OrderRequest } from "../../port/exchange.js";
import type { PaperCash, SeenCall } from "../answers.js";
import type { PaperAccount } from "../paper-exchange.js";

const side = z.enum(ORDER_SIDES);
const positionSide = z.enum(POSITION_SIDES);

export const nothing = z.undefined();
export const time = z.date();
export const name = z.string();
export const known = z.boolean();
export const price = z.number().optional();

export const market: z.ZodType<MarketTerms | undefined> = z
  .object({
    settle: z.string(),
    inverse: z.boolean(),
    contractSize: z.number(),
    minSize: z.number(),
    expires: z.date().exactOptional(),
  })
  .optional();

export const positions: z.ZodType<ExchangePosition[]> = z.array(
  z.object({
    pair: z.string(),
    side: positionSide,
    size: z.number(),
    entryPrice: z.number().exactOptional(),
    markPrice: z.number().exactOptional(),
    notional: z.number().exactOptional(),
  }),
);

export const order: z.ZodType<ExchangeOrder> = z.object({
  clientOrderId: z.string().exactOptional(),
  id: z.string(),
  pair: z.string(),
  side,
  size: z.number(),
  filled: z.number(),
  price: z.number().nullable(),
  average: z.number().exactOptional(),
  status: z.enum(["open", "filled", "cancelled", "rejected"]),
  reduceOnly: z.boolean(),
  stop: z.boolean(),
  createdAt: z.date().exactOptional(),
});
export const orders = z.array(order);
export const knownOrder = order.optional();

export const fills: z.ZodType<ExchangeFill[]> = z.array(
  z.object({
    fillId: z.string(),
    clientOrderId: z.string().exactOptional(),
    orderId: z.string().exactOptional(),
    pair: z.string(),
    side,
    positionSide: positionSide.exactOptional(),
    price: z.number(),
    size: z.number(),
    fee: z.number(),
    feeBase: z.number().exactOptional(),
    fees: z.array(z.object({ amount: z.number(), currency: z.string() })).exactOptional(),
    ts: z.date(),
  }),
);

const oneCash: z.ZodType<PaperCash> = z.object({
  id: z.string(),
  kind: z.enum(["funding", "settlement"]),
  pair: z.string(),
  side: positionSide,
  amount: z.number(),
  currency: z.string().exactOptional(),
  ts: z.date(),
});
export const cash = z.array(oneCash);

const purse = z.object({ balance: z.number(), realised: z.number(), fees: z.number() });
export const account: z.ZodType<PaperAccount> = z.object({
  ...purse.shape,
  equity: z.number(),
  coins: z.record(z.string(), purse),
  cash,
  time: z.date().exactOptional(),
});

const request: z.ZodType<OrderRequest> = z.object({
  clientOrderId: z.string(),
  pair: z.string(),
  side,
  size: z.number(),
  type: z.enum(["market", "limit", "stop"]),
  price: z.number().exactOptional(),
  reduceOnly: z.boolean(),
  positionSide: positionSide.exactOptional(),
});

const call = { clientOrderId: z.string(), pair: z.string(), accepted: z.boolean(), at: z.date() };
export const seen: z.ZodType<SeenCall[]> = z.array(
  z.discriminatedUnion("method", [
    z.object({
      method: z.literal("createOrder"),
      ...call,
      request,
      failure: z.enum(["duplicate_order_id", "nothing_to_reduce", "rejected"]).exactOptional(),
    }),
    z.object({ method: z.literal("cancelOrder"), ...call }),
  ]),
);
