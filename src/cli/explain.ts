import { CommanderError } from "commander";
import {
  ConfigError,
  ConnectionError,
  InvalidArgumentError,
  LockedError,
  SilentHolderError,
  StateError,
  UnknownFlowError,
  UnknownOutcomeError,
} from "../errors.js";
import { EXIT, type ExitCode, ProblemError, UsageError } from "./exit-code.js";

/** How an error ends the command, and what is printed; undefined if commander has printed it already. */
export interface Explanation {
  readonly code: ExitCode;
  readonly message: string | undefined;
  /** Printed on stdout with `--json`. */
  readonly error: { readonly code: string; readonly message: string };
}

/** Never prints a stack: the person at the terminal can act on the message only. */
export function explain(error: unknown): Explanation {
  if (error instanceof CommanderError) {
    return {
      code: error.exitCode === 0 ? EXIT.fine : EXIT.wrongUse,
      message: undefined,
      error: { code: "USAGE", message: error.message.replace(/^error: /, "") },
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: codeOf(error), message, error: { code: nameOf(error), message } };
}

/** The stable code of a StateError, or the kind of another error. */
function nameOf(error: unknown): string {
  if (error instanceof StateError) return error.code;
  if (error instanceof UsageError) return "USAGE";
  return error instanceof ProblemError ? "PROBLEM" : "INTERNAL";
}

function codeOf(error: unknown): ExitCode {
  if (error instanceof UnknownFlowError) return EXIT.unknownFlow;
  if (error instanceof UsageError || error instanceof ConfigError || error instanceof InvalidArgumentError) {
    return EXIT.wrongUse;
  }
  if (error instanceof SilentHolderError) return EXIT.botStandsStill;
  if (error instanceof ConnectionError || error instanceof UnknownOutcomeError || error instanceof LockedError) {
    return EXIT.cannotConnect;
  }
  if (error instanceof StateError && error.code === "EXCHANGE") return EXIT.cannotConnect;
  return EXIT.problem;
}
