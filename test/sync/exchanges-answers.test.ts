/** Single answers of exchanges, as they document them, that the venue behind the wires never gives. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ExchangeFailure } from "../../sync/port/exchange-error.js";
import type { Asked, Reaction } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";
import { PLAYED, type Played } from "./exchanges/all-wires.js";
import { Scene } from "./exchanges/scene.js";

const answers = suite("answers of exchanges");

function open(exchange: string, kind: Played["kind"]): Promise<Scene> {
  const found = PLAYED.find((each) => each.wire.exchange === exchange && each.kind === kind);
  if (found === undefined) throw new Error(`no wire plays ${kind} of ${exchange}`);
  return Scene.open(found);
}

/** Puts these answers in place of the wire's. */
function answering(scene: Scene, instead: (asked: Asked) => Reaction | undefined): void {
  scene.instead = (asked) => instead(asked) ?? scene.played.wire.answer(asked, scene.venue);
}

type Refusal = readonly [exchange: string, kind: Played["kind"], answer: unknown, failure: ExchangeFailure];

const REFUSALS: readonly Refusal[] = [
  ["gate", "linear", { label: "REDUCE_EXCEEDED", message: "empty position" }, "nothing_to_reduce"],
  ["gate", "linear", { label: "INCREASE_POSITION", message: "reduce-only would increase it" }, "nothing_to_reduce"],
  ["gate", "linear", { label: "REPEATED_CREATION", message: "repeated creation" }, "duplicate_order_id"],
  ["kraken", "spot", { error: ["EGeneral:Invalid arguments:cl_ord_id"] }, "rejected"],
  ["kraken", "spot", { error: ["EGeneral:Internal error"] }, "no_answer"],
];

for (const [exchange, kind, answer, failure] of REFUSALS) {
  answers(`${exchange}: an order that is answered ${JSON.stringify(answer)} is ${failure}`, async () => {
    await using scene = await open(exchange, kind);
    const status = exchange === "kraken" ? 200 : 400;
    answering(scene, ({ method }) => (method === "POST" ? { json: answer, status } : undefined));
    const error = await failing(scene.port.createOrder(scene.request()));
    assert.is(error.failure, failure, error.message);
  });
}

interface WaitingStop {
  readonly exchange: string;
  /** Whether the question is for the list of waiting stops. */
  readonly isList: (asked: Asked) => boolean;
  readonly list: (market: string, size: number) => unknown;
  readonly isCancel: (asked: Asked) => boolean;
  readonly cancelled: unknown;
}

const AT = Date.now() - 3_600_000;

const WAITING: readonly WaitingStop[] = [
  {
    exchange: "bitget",
    isList: ({ path, fields }) => path.endsWith("orders-plan-pending") && fields.planType === "normal_plan",
    list: (symbol, size) => ({
      code: "00000",
      msg: "success",
      data: {
        entrustedList: [
          {
            planType: "normal_plan",
            symbol,
            size: String(size),
            orderId: "1123337164285923328",
            clientOid: "stop1",
            price: "",
            executePrice: "",
            triggerPrice: "50000",
            triggerType: "mark_price",
            planStatus: "live",
            side: "sell",
            posSide: "net",
            marginCoin: "USDT",
            marginMode: "crossed",
            enterPointSource: "API",
            tradeSide: "sell_single",
            posMode: "one_way_mode",
            orderType: "market",
            cTime: String(AT),
            uTime: String(AT),
          },
        ],
        endId: null,
      },
    }),
    isCancel: ({ path }) => path.endsWith("cancel-plan-order"),
    cancelled: {
      code: "00000",
      msg: "success",
      data: { successList: [{ orderId: "1123337164285923328", clientOid: "stop1" }], failureList: [] },
    },
  },
  {
    exchange: "gate",
    isList: ({ method, path }) => method === "GET" && path.endsWith("price_orders"),
    list: (contract, size) => [
      {
        initial: { contract, size: -size, price: "0", tif: "ioc", text: "t-stop1", is_reduce_only: true },
        trigger: { strategy_type: 0, price_type: 0, price: "50000", rule: 2, expiration: 0 },
        id: 1283293,
        user: 1,
        create_time: AT / 1_000,
        status: "open",
      },
    ],
    isCancel: ({ method, path }) => method === "DELETE" && path.endsWith("price_orders/1283293"),
    cancelled: { id: 1283293, status: "finished", finish_as: "cancelled", initial: {}, trigger: {} },
  },
];

for (const { exchange, isList, list, isCancel, cancelled } of WAITING) {
  answers(`${exchange}: a stop that waits, whoever sent it, is found and cancelled by its id`, async () => {
    await using scene = await open(exchange, "linear");
    const { port, market } = scene;
    answering(scene, (asked) => {
      if (isList(asked)) return { json: list(market.id, 10) };
      return isCancel(asked) ? { json: cancelled } : undefined;
    });
    const found = await port.fetchOrder("stop1", market.pair);
    assert.equal([found?.status, found?.stop, found?.price], ["open", true, 50_000]);
    assert.is(await port.cancelOrder("stop1", market.pair), true);
    assert.is(scene.server.asked.filter(isCancel).length, 1);
    assert.is(await port.cancelOrder("never", market.pair), false);
  });
}

answers("kraken: an order by hand, whose `userref` is 0, has no client order id", async () => {
  await using scene = await open("kraken", "spot");
  const { venue, pair } = scene;
  for (const clientId of [undefined, "mine"]) {
    const size = scene.lots(1);
    venue.place({ clientId, pair, side: "buy", type: "limit", size, price: venue.price(pair) / 2 });
  }
  const listed = await scene.port.fetchOpenOrders();
  assert.equal(listed.map(({ clientOrderId }) => clientOrderId ?? "none").sort(), ["mine", "none"]);
});

answers.run();
