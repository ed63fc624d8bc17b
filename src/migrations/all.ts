import { toSchema2 } from "./2.js";
import { toSchema3 } from "./3.js";
import { toSchema4 } from "./4.js";
import type { Migration } from "./migration.js";

/** In their order. */
export const MIGRATIONS: readonly Migration[] = [toSchema2, toSchema3, toSchema4];
