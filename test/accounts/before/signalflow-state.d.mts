/** The types of the library as it was are a part of today's. */
export { SchemaVersionError, StateError, StateLostError, StateManager } from "../../../src/index.js";
