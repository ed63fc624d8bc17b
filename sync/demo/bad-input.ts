import { UsageError } from "../../src/cli/exit-code.js";

/** The user asked for something impossible: an unknown option, or a file that is missing or has the wrong content. */
export class BadInputError extends UsageError {
  override name = "BadInputError";
}
