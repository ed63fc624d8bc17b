/** Small answers in the shape of the recorded ones, for a checkout without them. */
import type { Recording } from "./recordings.js";

export const HAND_MADE: Readonly<Record<string, readonly Recording[]>> = {
  binance: [
    {
      method: "fetchPositions",
      description: "a linear position",
      input: [],
      httpResponse: [
        {
          symbol: "BTCUSDT",
          positionSide: "BOTH",
          positionAmt: "0.010",
          entryPrice: "60000.0",
          markPrice: "60100.5",
          unRealizedProfit: "1.005",
          notional: "601.005",
          isolatedMargin: "0",
          isolatedWallet: "0",
          initialMargin: "6",
          maintMargin: "2",
          updateTime: "1722161166529",
        },
      ],
      parsedResponse: [
        {
          symbol: "BTC/USDT:USDT",
          contracts: 0.01,
          contractSize: 1,
          side: "long",
          entryPrice: 60000,
          markPrice: 60100.5,
        },
      ],
    },
    {
      method: "fetchOpenOrders",
      description: "a limit order",
      input: ["LTC/USDT:USDT"],
      httpResponse: [
        {
          orderId: "29067571132",
          symbol: "LTCUSDT",
          status: "NEW",
          clientOrderId: "bot-1",
          price: "50",
          avgPrice: "0",
          origQty: "0.410",
          executedQty: "0",
          type: "LIMIT",
          origType: "LIMIT",
          reduceOnly: false,
          side: "BUY",
          positionSide: "BOTH",
          time: "1707212775174",
          updateTime: "1707212775174",
        },
      ],
      parsedResponse: [
        {
          id: "29067571132",
          clientOrderId: "bot-1",
          symbol: "LTC/USDT:USDT",
          side: "buy",
          amount: 0.41,
          filled: 0,
          remaining: 0.41,
          price: 50,
          status: "open",
          reduceOnly: false,
          timestamp: 1707212775174,
        },
      ],
    },
  ],
  okx: [
    {
      method: "fetchPositions",
      description: "one contract in hedge mode",
      input: [["LTC/USDT:USDT"]],
      httpResponse: {
        code: "0",
        msg: "",
        data: [
          {
            instId: "LTC-USDT-SWAP",
            instType: "SWAP",
            avgPx: "68.24",
            markPx: "68.25",
            mgnMode: "cross",
            pos: "1",
            posSide: "long",
            cTime: "1706612162996",
            uTime: "1706612162996",
          },
        ],
      },
      parsedResponse: [
        {
          symbol: "LTC/USDT:USDT",
          contracts: 1,
          contractSize: 0.001,
          side: "long",
          entryPrice: 68.24,
          markPrice: 68.25,
        },
      ],
    },
  ],
  kucoinfutures: [
    {
      method: "fetchOpenOrders",
      description: "a limit order with a time in nanoseconds",
      input: ["LTC/USDT:USDT"],
      httpResponse: {
        code: "200000",
        data: {
          currentPage: 1,
          pageSize: 50,
          totalNum: 1,
          totalPage: 1,
          items: [
            {
              id: "114606863965757440",
              symbol: "LTCUSDTM",
              type: "limit",
              side: "buy",
              price: "50",
              size: 1,
              dealSize: 0,
              stop: "",
              clientOid: "bot-1",
              isActive: true,
              cancelExist: false,
              createdAt: 1700137607713,
              orderTime: "1700137607661694200",
              status: "open",
              filledSize: 0,
              reduceOnly: false,
            },
          ],
        },
      },
      parsedResponse: [
        {
          id: "114606863965757440",
          clientOrderId: "bot-1",
          symbol: "LTC/USDT:USDT",
          side: "buy",
          amount: 1,
          filled: 0,
          remaining: 1,
          price: 50,
          status: "open",
          timestamp: 1700137607713,
        },
      ],
    },
  ],
  hyperliquid: [
    {
      method: "fetchPositions",
      description: "a short, by its sign",
      input: [["SOL/USDC:USDC"]],
      httpResponse: {
        marginSummary: { accountValue: "100.0" },
        assetPositions: [
          {
            type: "oneWay",
            position: {
              coin: "SOL",
              szi: "-0.5",
              entryPx: "138.76",
              positionValue: "68.98",
              unrealizedPnl: "0.4",
              leverage: { type: "cross", value: "20" },
              marginUsed: "3.449",
            },
          },
        ],
        time: "1728568314070",
      },
      parsedResponse: [{ symbol: "SOL/USDC:USDC", contracts: 0.5, contractSize: 1, side: "short", entryPrice: 138.76 }],
    },
  ],
};
