/**
 * Connects to the exchange that is served at the path it is told, and buys so many times under ids that all its like use as well. Says
 * each id that was taken from it, and nothing of those that another took; then ends by itself, without letting the connection go.
 */
import { ExchangeError, sharedPaperExchange } from "../../../sync/index.js";
import { order } from "./samples.js";

const [path = "", times = "0"] = process.argv.slice(2);
const exchange = await sharedPaperExchange({ path });
console.log("connected");
for (let i = 1; i <= Number(times); i++) {
  try {
    const { clientOrderId } = await exchange.createOrder(order({ clientOrderId: `raced-${i}` }));
    console.log(clientOrderId);
  } catch (error) {
    if (!(error instanceof ExchangeError && error.failure === "duplicate_order_id")) throw error;
  }
}
