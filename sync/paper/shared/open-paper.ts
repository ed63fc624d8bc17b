import { ExchangeError } from "../../port/exchange-error.js";
import { PaperExchange } from "../paper-exchange.js";
import { besideFile, kindAt } from "./place.js";
import { type SharedPaperExchange, sharedPaperExchange } from "./shared-exchange.js";

/**
 * The paper exchange at a path, whoever owns it. If the path is a socket: the exchange that is served there. If it is a file: the exchange that another
 * process serves beside it, or else the file itself, opened here. Rejects as `sharedPaperExchange` does for a socket, and as the constructor of
 * `PaperExchange` does for a file: a LockedError if a process owns it and does not serve it.
 */
export async function openPaperExchange(path: string): Promise<PaperExchange | SharedPaperExchange> {
  if (kindAt(path) === "socket") return sharedPaperExchange({ path });
  const beside = besideFile(path);
  if (kindAt(beside) === "socket") {
    try {
      return await sharedPaperExchange({ path: beside });
    } catch (error) {
      // A killed process leaves its socket behind.
      if (!(error instanceof ExchangeError && error.failure === "no_answer")) throw error;
    }
  }
  return new PaperExchange({ file: path });
}
