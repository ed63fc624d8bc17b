/**
 * Loaded before a bot (`node --import`): its ccxt client of the exchange EXCHANGE speaks to the server of the tests at EXCHANGE_URL, which also tells
 * the prices.
 */
import ccxt from "ccxt";
import { redirected } from "../sync/ccxt/clients.js";
import { wireClient } from "../sync/exchanges/wire-client.js";
import { wires as binance } from "../sync/exchanges/wires/binance.js";
import { wires as bybit } from "../sync/exchanges/wires/bybit.js";
import { wires as okx } from "../sync/exchanges/wires/okx.js";

const { EXCHANGE = "", EXCHANGE_URL: url = "" } = process.env;
const wire = [...binance, ...bybit, ...okx].find(({ exchange }) => exchange === EXCHANGE);
if (!wire) throw new Error(`there is no wire of ${EXCHANGE}`);
const client = wireClient(wire, url);
const setSandboxMode = client.setSandboxMode.bind(client);
client.setSandboxMode = (isOn: boolean) => {
  setSandboxMode(isOn);
  client.urls.api = redirected(client.urls.api, url);
};
client.fetchTicker = async (pair) => {
  const last = Number(await (await fetch(`${url}/price?pair=${encodeURIComponent(pair)}`)).text());
  return client.safeTicker({ symbol: pair, last });
};
Reflect.set(ccxt, EXCHANGE, function theirs() {
  return client;
});
