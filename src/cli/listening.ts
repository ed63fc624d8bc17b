import { errorCode } from "../error-code.js";
import { errorText } from "../words/error-text.js";
import { ProblemError } from "./exit-code.js";

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already: end it, or choose another port",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this user may not listen there: choose a port from 1024 on",
};

/** Why nothing can listen at an address, as it was said with `--listen`; another error as it is. */
export function cannotListen(said: string | undefined, error: unknown): unknown {
  if (typeof error !== "object" || error === null || !("syscall" in error) || error.syscall !== "listen") return error;
  const words = WORDS[errorCode(error) ?? ""] ?? errorText(error);
  return new ProblemError(`--listen ${said}: ${words}`, { cause: error });
}
