/** Checked by the compiler: a public type that differs from its record in one field, one `?` or one `readonly` is told apart. */
import type { View } from "../../src/records/field.js";
import type { lease } from "../../src/records/lease.js";
import type { order } from "../../src/records/order.js";
import type { Same, True } from "../../src/records/public-types.js";
import type { LeaseState, PendingOrder } from "../../src/types.js";

export type Agree = [
  True<Same<View<typeof lease>, Pick<LeaseState, keyof LeaseState>>>,
  // @ts-expect-error a field is missing
  True<Same<View<typeof lease>, Omit<LeaseState, "until">>>,
  // @ts-expect-error a field may be absent
  True<Same<View<typeof lease>, Partial<LeaseState>>>,
  // @ts-expect-error a field is read-only
  True<Same<View<typeof lease>, Readonly<LeaseState>>>,
  // @ts-expect-error a word of a list is missing
  True<Same<View<typeof order>["status"], Exclude<PendingOrder["status"], "unknown">>>,
  // @ts-expect-error a field is new
  True<Same<View<typeof order>, Pick<PendingOrder & { unheard?: string }, keyof PendingOrder | "unheard">>>,
];
