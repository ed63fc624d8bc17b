import { UsageError } from "../../src/cli/exit-code.js";

/** The user asked for something that cannot be done: an unknown option, a file that is not there or not what it should be. */
export class BadInputError extends UsageError {
  override name = "BadInputError";
}
