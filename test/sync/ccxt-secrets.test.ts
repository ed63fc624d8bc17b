/** Errors of the ccxt adapter end in logs and in chats: no signed URL and no key may be in them. */
import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CcxtClient } from "../../sync/ccxt/ccxt-client.js";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import { withoutSecrets } from "../../sync/ccxt/without-secrets.js";
import { clientOf, type ExchangeId } from "./ccxt/clients.js";
import { ExchangeServer, type Reaction } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";

const KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
const SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7";

const server = await ExchangeServer.start(() => ({ json: {} }));
const test = suite("ccxt secrets");
test.after(() => server.close());

const FAULTS: Readonly<Record<string, Reaction>> = {
  "a bad gateway": { text: "<html>bad gateway</html>", status: 502 },
  "too many requests": { text: "slow down", status: 429 },
  "an answer that never comes": { hang: true },
  "a refusal that repeats the key": { json: { code: -1100, msg: `bad apiKey: ${KEY}` }, status: 400 },
};

for (const id of ["binanceusdm", "bybit", "okx"] satisfies ExchangeId[]) {
  test(`${id}: whatever fails, neither message nor cause of an error carries the key, the secret or a signature`, async () => {
    const pair = id === "okx" ? "LTC/USDT:USDT" : "BTC/USDT:USDT";
    for (const [fault, reaction] of Object.entries(FAULTS)) {
      server.asked.length = 0;
      server.answer = () => reaction;
      const client = Object.assign(clientOf(id, server.url, { defaultType: "swap" }), {
        apiKey: KEY,
        secret: SECRET,
        timeout: 50,
      });
      const error = await failing(ccxtExchange(client, { pairs: [pair] }).fetchPositions());
      const shown = inspect(error, { depth: 10 });
      const { signature, sign } = server.asked[0]?.fields ?? {};
      for (const secret of [KEY, SECRET, signature, sign]) {
        if (secret !== undefined) assert.not.match(shown, new RegExp(secret), fault);
      }
      assert.not.match(shown, /signature=\w/, fault);
      assert.match(error.message, new RegExp(`^${id}: positions: `), "it still says what was asked");
    }
  });
}

const CLIENT: CcxtClient & { apiKey: string; secret: string } = {
  id: "x",
  has: {},
  loadMarkets: async () => ({}),
  apiKey: KEY,
  secret: SECRET,
};

test("queries of URLs, named secrets and the client's own keys are taken out, and the words around them stay", () => {
  const examples: readonly (readonly [string, string])[] = [
    [
      "binance GET https://api.binance.com/api/v3/order?symbol=BTCUSDT&signature=0a1b2c3d 502 Bad Gateway",
      "binance GET https://api.binance.com/api/v3/order?... 502 Bad Gateway",
    ],
    ["wss://user:pass@host.example/ws#token", "wss://host.example/ws?..."],
    ["POST body symbol=X&timestamp=1&signature=0a1b2c3d4e", "POST body symbol=X&timestamp=1&signature=(hidden)"],
    ['{"apiKey":"abcdef123456","size":1}', '{"apiKey":"(hidden)","size":1}'],
    ["X-MBX-APIKEY: abcdef123456, content-type: json", "X-MBX-APIKEY: (hidden), content-type: json"],
    ["authorization: Bearer abcdef123456", "authorization: Bearer (hidden)"],
    [`no such key ${KEY}`, "no such key (hidden)"],
    ["EAPI:Invalid key", "EAPI:Invalid key"],
    [
      '{"code":-1022,"msg":"Signature for this request is not valid."}',
      '{"code":-1022,"msg":"Signature for this request is not valid."}',
    ],
  ];
  for (const [text, shown] of examples) assert.is(withoutSecrets(text, CLIENT), shown);
});

test.run();
