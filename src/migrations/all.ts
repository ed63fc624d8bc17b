import { toSchema2 } from "./2.js";
import { toSchema3 } from "./3.js";
import type { Migration } from "./migration.js";

/** In their order. */
export const MIGRATIONS: readonly Migration[] = [toSchema2, toSchema3];
