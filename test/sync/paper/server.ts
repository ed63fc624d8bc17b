/**
 * Serves the exchange in the file it is told, at the path it is told, says `serving`, and goes on until it is killed or its input ends.
 * What cannot be served is said in a line.
 */
import { once } from "node:events";
import { StateError } from "../../../src/errors.js";
import { PaperExchange, servePaperExchange } from "../../../sync/index.js";
import { BTC } from "./samples.js";

const [file = "", path] = process.argv.slice(2);
try {
  await using exchange = new PaperExchange({ file });
  await exchange.setPrice(BTC, 100);
  await using _ = await servePaperExchange(exchange, path === undefined ? {} : { path });
  console.log("serving");
  await once(process.stdin.resume(), "end");
} catch (error) {
  console.log(error instanceof StateError ? `${error.code} ${error.message}` : String(error));
}
