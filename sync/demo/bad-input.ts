/** The user asked for something that cannot be done: an unknown option, a file that is not there or not what it should be. */
export class BadInputError extends Error {
  override name = "BadInputError";
}
