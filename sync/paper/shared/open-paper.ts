import { ExchangeError } from "../../port/exchange-error.js";
import { PaperExchange } from "../paper-exchange.js";
import { besideFile, kindAt } from "./place.js";
import { type SharedPaperExchange, sharedPaperExchange } from "./shared-exchange.js";

/**
 * The paper exchange at a path, whoever has it: the one that is served at that socket; else the one in that file, which is the one that
 * another process serves beside it, if one does, and is opened here if not. Rejects as `sharedPaperExchange` does of a socket, and as
 * the constructor of `PaperExchange` throws of a file: a LockedError when a process has it that does not serve it.
 */
export async function openPaperExchange(path: string): Promise<PaperExchange | SharedPaperExchange> {
  if (kindAt(path) === "socket") return sharedPaperExchange({ path });
  const beside = besideFile(path);
  if (kindAt(beside) === "socket") {
    try {
      return await sharedPaperExchange({ path: beside });
    } catch (error) {
      // A process that was killed leaves its socket.
      if (!(error instanceof ExchangeError && error.failure === "no_answer")) throw error;
    }
  }
  return new PaperExchange({ file: path });
}
