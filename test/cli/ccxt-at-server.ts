/** Loaded before a bot (`node --import`): its ccxt client of binanceusdm speaks to the server of the tests at EXCHANGE_URL. */
import ccxt from "ccxt";
import { redirected } from "../sync/ccxt/clients.js";
import { wireClient } from "../sync/exchanges/wire-client.js";
import { wires } from "../sync/exchanges/wires/binance.js";

const url = process.env.EXCHANGE_URL ?? "";
const wire = wires.find(({ exchange }) => exchange === "binanceusdm");
if (!wire) throw new Error("there is no wire of binanceusdm");
const client = wireClient(wire, url);
const setSandboxMode = client.setSandboxMode.bind(client);
client.setSandboxMode = (isOn: boolean) => {
  setSandboxMode(isOn);
  client.urls.api = redirected(client.urls.api, url);
};
Reflect.set(ccxt, "binanceusdm", function theirs() {
  return client;
});
