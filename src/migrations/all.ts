import { toSchema2 } from "./2.js";
import type { Migration } from "./migration.js";

/** In their order. */
export const MIGRATIONS: readonly Migration[] = [toSchema2];
