/**
 * Opens the exchange in the file it is told, says `open`, buys until it is killed or has no answer, and says each client order id
 * that was taken. With `hold` it buys nothing, and lets the file go when its input ends.
 */
import { once } from "node:events";
import { StateError } from "../../../src/errors.js";
import { PaperExchange } from "../../../sync/paper/paper-exchange.js";
import { BTC } from "./samples.js";

const [file = "", hold] = process.argv.slice(2);
try {
  const exchange = new PaperExchange({ file });
  console.log("open");
  if (hold === "hold") {
    await once(process.stdin.resume(), "end");
    await exchange.close();
  } else {
    await exchange.setPrice(BTC, 100);
    for (let i = 1; ; i++) {
      const clientOrderId = `${process.pid}-${i}`;
      await exchange.createOrder({ clientOrderId, pair: BTC, side: "buy", size: 1, type: "market", reduceOnly: false });
      console.log(clientOrderId);
    }
  }
} catch (error) {
  console.log(error instanceof StateError ? `${error.code} ${error.message}` : String(error));
}
