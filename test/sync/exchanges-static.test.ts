/**
 * Answers that exchanges gave, as ccxt keeps them for its own tests (`ts/src/test/static/response/EXCHANGE.json`), read by the whole adapter. Each is
 * cut to the fields that tell something; times are made recent.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Exchange } from "../../sync/port/exchange.js";
import { PLAYED, type Played } from "./exchanges/all-wires.js";
import { Scene } from "./exchanges/scene.js";
import type { VenueMarket } from "./exchanges/venue.js";

const statics = suite("answers of ccxt's tests");

/** An hour ago, ms. */
const AT = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
const SINCE = new Date(AT - 60_000);

interface Answer {
  /** The file is named after it, unless `of` says otherwise. */
  readonly exchange: string;
  readonly of?: string;
  readonly kind: Played["kind"];
  readonly market: Partial<VenueMarket> & Pick<VenueMarket, "pair" | "id">;
  /** The test's name in ccxt's file. */
  readonly told: string;
  readonly path: RegExp;
  readonly json: unknown;
  readonly ask: (port: Exchange, pair: string) => Promise<unknown>;
  readonly reads: unknown;
}

const fillsOf: Answer["ask"] = (port, pair) => port.fetchFills(pair, SINCE);
const openOrders: Answer["ask"] = (port) => port.fetchOpenOrders();
const positions: Answer["ask"] = (port) => port.fetchPositions();
const byId =
  (id: string): Answer["ask"] =>
  (port, pair) =>
    port.fetchOrderById?.(id, pair) ?? Promise.reject(new Error("the port asks for no order by its own id"));

const KRAKEN = { path: /\/private\/(?:QueryOrders|OpenOrders)$/, market: { pair: "LTC/USDT", id: "LTCUSDT" } };

const ANSWERS: readonly Answer[] = [
  {
    exchange: "mexc",
    kind: "spot",
    market: { pair: "ATLAS/USDT", id: "ATLASUSDT", step: 0.01 },
    told: "fetchMyTrades, user trade",
    path: /\/api\/v3\/myTrades$/,
    json: [
      {
        symbol: "ATLASUSDT",
        id: "dd44f79dda764c2e927a190ac5e7a1e5",
        orderId: "C02__385413065019117569043",
        orderListId: "-1",
        price: "0.004542",
        qty: "1220",
        quoteQty: "5.54124",
        commission: "0",
        commissionAsset: "USDT",
        time: String(AT),
        isBuyer: false,
        isMaker: false,
        isSelfTrade: false,
        clientOrderId: null,
      },
    ],
    ask: fillsOf,
    reads: [
      {
        fillId: "dd44f79dda764c2e927a190ac5e7a1e5",
        orderId: "C02__385413065019117569043",
        pair: "ATLAS/USDT",
        side: "sell",
        price: 0.004542,
        size: 1220,
        fee: 0,
        ts: new Date(AT),
      },
    ],
  },
  {
    exchange: "mexc",
    kind: "spot",
    market: { pair: "ATLAS/USDT", id: "ATLASUSDT", step: 0.01 },
    told: "fetchOrders, fetch orders",
    path: /\/api\/v3\/order$/,
    json: {
      symbol: "ATLASUSDT",
      orderId: "C02__385413065019117569043",
      orderListId: "-1",
      clientOrderId: null,
      price: "0.004327",
      origQty: "1220",
      executedQty: "1220",
      cummulativeQuoteQty: "5.54124",
      status: "FILLED",
      type: "MARKET",
      side: "SELL",
      stopPrice: null,
      time: String(AT),
      updateTime: String(AT),
      origQuoteOrderQty: "5.27894",
    },
    ask: byId("C02__385413065019117569043"),
    reads: {
      id: "C02__385413065019117569043",
      pair: "ATLAS/USDT",
      side: "sell",
      size: 1220,
      filled: 1220,
      price: null,
      average: 0.004542,
      status: "filled",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "kraken",
    kind: "spot",
    ...KRAKEN,
    told: "fetchOrder, fetch spot limit order",
    json: {
      error: [],
      result: {
        "OR6EGN-KQSEG-AMI6CL": {
          refid: null,
          userref: "0",
          status: "open",
          opentm: String(AT / 1_000),
          descr: { pair: "LTCUSDT", type: "buy", ordertype: "limit", price: "50.00000", price2: "0" },
          vol: "0.10000000",
          vol_exec: "0.00000000",
          cost: "0.000000",
          fee: "0.000000",
          price: "0.000000",
          stopprice: "0.000000",
          limitprice: "0.000000",
          oflags: "post,fciq",
        },
      },
    },
    ask: byId("OR6EGN-KQSEG-AMI6CL"),
    reads: {
      id: "OR6EGN-KQSEG-AMI6CL",
      pair: "LTC/USDT",
      side: "buy",
      size: 0.1,
      filled: 0,
      price: 50,
      status: "open",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "kraken",
    kind: "spot",
    ...KRAKEN,
    told: "fetchOrder, closed market order",
    json: {
      error: [],
      result: {
        "OGMZCL-KC6MC-ZRBGM6": {
          refid: null,
          userref: "0",
          status: "closed",
          opentm: String(AT / 1_000),
          descr: { pair: "LTCUSDT", type: "buy", ordertype: "market", price: "0", price2: "0" },
          vol: "0.10000000",
          vol_exec: "0.10000000",
          cost: "7.105741",
          fee: "0.018475",
          price: "71.05741",
          stopprice: "0.000000",
          limitprice: "0.000000",
          oflags: "fciq",
          trades: ["TWA6QJ-ZO4EM-6QIHQJ"],
        },
      },
    },
    ask: byId("OGMZCL-KC6MC-ZRBGM6"),
    reads: {
      id: "OGMZCL-KC6MC-ZRBGM6",
      pair: "LTC/USDT",
      side: "buy",
      size: 0.1,
      filled: 0.1,
      price: null,
      average: 71.05741,
      status: "filled",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "kraken",
    kind: "spot",
    ...KRAKEN,
    told: "fetchOpenOrders, open take-profit market order",
    json: {
      error: [],
      result: {
        open: {
          "OXCZ7B-EMVZQ-MTJTQJ": {
            refid: null,
            userref: "0",
            status: "open",
            opentm: String(AT / 1_000),
            descr: { pair: "LTCUSDT", type: "sell", ordertype: "take-profit", price: "120.00000", price2: "0" },
            vol: "0.10000000",
            vol_exec: "0.00000000",
            cost: "0.000000",
            price: "0.000000",
            stopprice: "0.000000",
            limitprice: "0.000000",
            oflags: "fciq",
          },
        },
      },
    },
    ask: openOrders,
    reads: [
      {
        id: "OXCZ7B-EMVZQ-MTJTQJ",
        pair: "LTC/USDT",
        side: "sell",
        size: 0.1,
        filled: 0,
        price: 120,
        status: "open",
        reduceOnly: false,
        stop: true,
        createdAt: new Date(AT),
      },
    ],
  },
  {
    exchange: "coinbase",
    kind: "spot",
    market: { pair: "ADA/USDT", id: "ADA-USDT", step: 0.01 },
    told: "fetchMyTrades, Spot trade",
    path: /\/orders\/historical\/fills$/,
    json: {
      fills: [
        {
          entry_id: "dc7424ac5193601ae273cf704ece1667987d8c0b1077faa5fe3213e8e9efbd30",
          trade_id: "19fc7eee-f4b4-40a7-8104-033da1db5311",
          order_id: "01b6e467-b659-432f-9490-c7cefe949564",
          trade_time: new Date(AT).toISOString(),
          trade_type: "FILL",
          price: "0.392",
          size: "10",
          commission: "0.03136",
          product_id: "ADA-USDT",
          liquidity_indicator: "TAKER",
          size_in_quote: false,
          side: "SELL",
        },
      ],
      cursor: "",
    },
    ask: fillsOf,
    reads: [
      {
        fillId: "19fc7eee-f4b4-40a7-8104-033da1db5311",
        orderId: "01b6e467-b659-432f-9490-c7cefe949564",
        pair: "ADA/USDT",
        side: "sell",
        price: 0.392,
        size: 10,
        fee: 0.03136,
        ts: new Date(AT),
      },
    ],
  },
  {
    exchange: "coinbase",
    kind: "spot",
    market: { pair: "ADA/USDT", id: "ADA-USDT", step: 0.01 },
    told: "fetchClosedOrders, Spot closed order",
    path: /\/orders\/historical\/01b6e467-b659-432f-9490-c7cefe949564$/,
    json: {
      order: {
        order_id: "01b6e467-b659-432f-9490-c7cefe949564",
        product_id: "ADA-USDT",
        order_configuration: { market_market_ioc: { base_size: "10" } },
        side: "SELL",
        client_order_id: "a0f970a2-05fa-4e1f-9517-f6702c33cfd1",
        status: "FILLED",
        created_time: new Date(AT).toISOString(),
        filled_size: "10",
        average_filled_price: "0.392",
        filled_value: "3.92",
        size_in_quote: false,
        total_fees: "0.03136",
        order_type: "MARKET",
        product_type: "SPOT",
        order_placement_source: "RETAIL_ADVANCED",
      },
    },
    ask: byId("01b6e467-b659-432f-9490-c7cefe949564"),
    reads: {
      clientOrderId: "a0f970a2-05fa-4e1f-9517-f6702c33cfd1",
      id: "01b6e467-b659-432f-9490-c7cefe949564",
      pair: "ADA/USDT",
      side: "sell",
      size: 10,
      filled: 10,
      price: null,
      average: 0.392,
      status: "filled",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "kucoin",
    kind: "spot",
    market: { pair: "LTC/USDT", id: "LTC-USDT", step: 0.000001 },
    told: "fetchMyTrades, Fetch spot trade",
    path: /\/fills$/,
    json: {
      code: "200000",
      data: {
        currentPage: 1,
        pageSize: 10,
        totalNum: 1,
        totalPage: 1,
        items: [
          {
            symbol: "LTC-USDT",
            tradeId: "3607194733924353",
            orderId: "65560a018b40f60007d5fe93",
            counterOrderId: "65560a017bbc4b0001fed90a",
            side: "buy",
            liquidity: "taker",
            price: "72.8",
            size: "0.010055",
            funds: "0.732004",
            fee: "0.000732004",
            feeRate: "0.001",
            feeCurrency: "USDT",
            stop: "",
            tradeType: "TRADE",
            type: "market",
            createdAt: AT,
          },
        ],
      },
    },
    ask: fillsOf,
    reads: [
      {
        fillId: "3607194733924353",
        orderId: "65560a018b40f60007d5fe93",
        pair: "LTC/USDT",
        side: "buy",
        price: 72.8,
        size: 0.010055,
        fee: 0.000732004,
        ts: new Date(AT),
      },
    ],
  },
  {
    exchange: "bybit",
    kind: "linear",
    market: { pair: "LTC/USDT:USDT", id: "LTCUSDT" },
    told: "fetchPositions, Fetch linear position",
    path: /\/v5\/position\/list$/,
    json: {
      retCode: "0",
      retMsg: "OK",
      result: {
        category: "linear",
        list: [
          {
            symbol: "LTCUSDT",
            leverage: "6",
            avgPrice: "64.59947917",
            liqPrice: "",
            positionValue: "77.519375",
            unrealisedPnl: "7.800625",
            markPrice: "71.1",
            positionIdx: "0",
            side: "Buy",
            size: "1.2",
            positionStatus: "Normal",
            createdTime: "1677168085779",
            updatedTime: String(AT),
          },
        ],
      },
      retExtInfo: {},
      time: String(AT),
    },
    ask: positions,
    reads: [
      { pair: "LTC/USDT:USDT", side: "long", size: 1.2, entryPrice: 64.59947917, markPrice: 71.1, notional: 77.519375 },
    ],
  },
  {
    exchange: "bybit",
    kind: "linear",
    market: { pair: "BTC/USDT:USDT", id: "BTCUSDT" },
    told: "fetchOpenOrder, Fetch an open swap order by its ID and symbol",
    path: /\/v5\/order\/realtime$/,
    json: {
      retCode: "0",
      retMsg: "OK",
      result: {
        category: "linear",
        list: [
          {
            symbol: "BTCUSDT",
            orderType: "Limit",
            orderLinkId: "",
            orderId: "3606515b-e4d7-4ea4-b096-bb247d0661ae",
            avgPrice: "",
            stopOrderType: "",
            orderStatus: "New",
            createType: "CreateByUser",
            cumExecValue: "0",
            triggerDirection: "0",
            price: "102000",
            createdTime: String(AT),
            updatedTime: String(AT),
            positionIdx: "0",
            timeInForce: "GTC",
            side: "Buy",
            triggerPrice: "",
            cumExecFee: "0",
            leavesQty: "0.001",
            cumExecQty: "0",
            reduceOnly: false,
            qty: "0.001",
          },
        ],
      },
      retExtInfo: {},
      time: String(AT),
    },
    ask: byId("3606515b-e4d7-4ea4-b096-bb247d0661ae"),
    reads: {
      id: "3606515b-e4d7-4ea4-b096-bb247d0661ae",
      pair: "BTC/USDT:USDT",
      side: "buy",
      size: 0.001,
      filled: 0,
      price: 102_000,
      status: "open",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "gate",
    kind: "linear",
    market: { pair: "LTC/USDT:USDT", id: "LTC_USDT", contractSize: 0.1 },
    told: "fetchPositions, Fetch positions",
    path: /\/futures\/usdt\/positions$/,
    json: [
      {
        value: "7.443",
        leverage: "5",
        mode: "single",
        contract: "LTC_USDT",
        entry_price: "74.35",
        mark_price: "74.43",
        realised_pnl: "-0.0037175",
        size: "1",
        unrealised_pnl: "0.008",
        margin: "1.49257625",
        liq_price: "60.07",
        update_time: "1705052585",
      },
    ],
    ask: positions,
    reads: [{ pair: "LTC/USDT:USDT", side: "long", size: 0.1, entryPrice: 74.35, markPrice: 74.43, notional: 7.443 }],
  },
  {
    exchange: "gate",
    kind: "linear",
    market: { pair: "LTC/USDT:USDT", id: "LTC_USDT", contractSize: 0.1 },
    told: "fetchClosedOrders, closed swap orders",
    path: /\/futures\/usdt\/orders\/402052804778$/,
    json: {
      status: "finished",
      size: "-1",
      left: "0",
      id: "402052804778",
      is_liq: false,
      is_close: false,
      contract: "LTC_USDT",
      text: "api",
      fill_price: "68.42",
      finish_as: "filled",
      tif: "ioc",
      is_reduce_only: false,
      create_time: String(AT / 1_000),
      finish_time: String(AT / 1_000),
      price: "0",
    },
    ask: byId("402052804778"),
    // `api` says by which way it came, and is no id that anybody gave.
    reads: {
      id: "402052804778",
      pair: "LTC/USDT:USDT",
      side: "sell",
      size: 0.1,
      filled: 0.1,
      price: null,
      average: 68.42,
      status: "filled",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
  {
    exchange: "binanceusdm",
    of: "binance",
    kind: "linear",
    market: { pair: "BTC/USDT:USDT", id: "BTCUSDT" },
    told: "fetchPositions, Fetch linear positions without symbols",
    path: /\/fapi\/v\d\/positionRisk$/,
    json: [
      {
        symbol: "BTCUSDT",
        positionSide: "BOTH",
        positionAmt: "0.009",
        entryPrice: "67445.9",
        breakEvenPrice: "67479.62295",
        markPrice: "67502.68519858",
        unRealizedProfit: "0.51106678",
        liquidationPrice: "64846.98753790",
        isolatedMargin: "0",
        notional: "607.52416678",
        isolatedWallet: "0",
        initialMargin: "7.59405208",
        maintMargin: "2.43009666",
        updateTime: String(AT),
      },
    ],
    ask: positions,
    reads: [
      {
        pair: "BTC/USDT:USDT",
        side: "long",
        size: 0.009,
        entryPrice: 67_445.9,
        markPrice: 67_502.68519858,
        notional: 607.52416678,
      },
    ],
  },
  {
    exchange: "binancecoinm",
    of: "binance",
    kind: "inverse",
    market: { pair: "BTC/USD:BTC", id: "BTCUSD_PERP" },
    told: "fetchPositions, inverse positions",
    path: /\/dapi\/v\d\/positionRisk$/,
    json: [
      {
        symbol: "BTCUSD_PERP",
        positionAmt: "-3",
        entryPrice: "68911.00000037",
        markPrice: "68234.20000000",
        unRealizedProfit: "0.00004318",
        liquidationPrice: "72491.16879818",
        leverage: "20",
        marginType: "cross",
        isolatedMargin: "0.00000000",
        positionSide: "BOTH",
        notionalValue: "-0.00439662",
        isolatedWallet: "0",
        updateTime: String(AT),
      },
    ],
    ask: positions,
    reads: [
      {
        pair: "BTC/USD:BTC",
        side: "short",
        size: 300,
        entryPrice: 68_911.00000037,
        markPrice: 68_234.2,
        notional: 0.00439662,
      },
    ],
  },
  {
    exchange: "binanceusdm",
    of: "binance",
    kind: "linear",
    market: { pair: "LTC/USDT:USDT", id: "LTCUSDT" },
    told: "fetchOpenOrder, swap open order",
    path: /\/fapi\/v1\/order$/,
    json: {
      orderId: "664082074",
      symbol: "LTCUSDT",
      status: "NEW",
      clientOrderId: "x-xcKtGhcu68f8383451844295b3e8b9",
      price: "50.00",
      avgPrice: "0.00000",
      origQty: "0.200",
      executedQty: "0.000",
      cumQuote: "0.00000",
      timeInForce: "GTX",
      type: "LIMIT",
      reduceOnly: false,
      closePosition: false,
      side: "BUY",
      positionSide: "BOTH",
      stopPrice: "0.00",
      origType: "LIMIT",
      time: String(AT),
      updateTime: String(AT),
    },
    ask: byId("664082074"),
    reads: {
      clientOrderId: "x-xcKtGhcu68f8383451844295b3e8b9",
      id: "664082074",
      pair: "LTC/USDT:USDT",
      side: "buy",
      size: 0.2,
      filled: 0,
      price: 50,
      status: "open",
      reduceOnly: false,
      stop: false,
      createdAt: new Date(AT),
    },
  },
];

/** The exchange as it is played, with one market: that of the answer. */
function playedWith({ exchange, kind, market }: Answer): Played {
  const found = PLAYED.find((each) => each.wire.exchange === exchange && each.kind === kind);
  const [first] = found?.markets ?? [];
  if (found === undefined || first === undefined) throw new Error(`no wire plays ${kind} of ${exchange}`);
  const [base = "", rest = ""] = market.pair.split("/");
  const [quote = "", settle = quote] = rest.split(":");
  const markets = [{ ...first, base, quote, settle, ...market }];
  return { ...found, markets, wire: { ...found.wire, markets: { [kind]: markets } } };
}

for (const answer of ANSWERS) {
  const { exchange, of = exchange, told, path, json, ask, reads } = answer;
  statics(`${of}: ${told}: is read as it says`, async () => {
    const played = playedWith(answer);
    await using scene = await Scene.open(played);
    let isTold = false;
    scene.instead = (asked) => {
      if (!path.test(asked.path)) return played.wire.answer(asked, scene.venue);
      isTold = true;
      return { json };
    };
    assert.equal(await ask(scene.port, scene.pair), reads);
    assert.ok(isTold, "it was asked for");
  });
}

statics.run();
