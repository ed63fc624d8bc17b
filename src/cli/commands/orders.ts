import { SeenOrders } from "../../ledger/seen-orders.js";
import type { StateManager } from "../../manager/state-manager.js";
import type { PendingOrder } from "../../types.js";
import { ProgressBar } from "../../words/progress-bar.js";
import { counting } from "../arguments.js";
import { type AddCommand, group } from "../command.js";
import { UsageError } from "../exit-code.js";
import { eventPages } from "../flow-pages.js";
import type { Invocation } from "../invocation.js";
import { WIDE_WORDS } from "../narrow.js";
import { closedOrderTable, orderTable } from "../record-tables.js";
import { addOrderCancel } from "./order-cancel.js";
import { addOrderResolve } from "./order-resolve.js";
import { addOrderShow } from "./order-show.js";

const SHOWN = 50;

/** An order that is over. */
export interface ClosedOrder {
  readonly order: PendingOrder;
  readonly endedAt: Date;
}

export const addOrders: AddCommand = (program, run) => {
  const orders = group(program, "orders");
  orders
    .description("List the pending orders; or, from the log of events, those that are over.")
    .option("--closed", "those that are over, as far back as the log of events goes")
    .option("--wide", WIDE_WORDS)
    .option("--pair <pair>", "only of this pair")
    .option("--limit <n>", `with --closed, how many at most, the newest [${SHOWN}]`, counting)
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state orders --closed --pair BTC/USDT --flow bot --url redis://localhost:6379",
    )
    .action(({ closed, pair, limit, wide }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (limit !== undefined && !closed)
          throw new UsageError("every pending order is listed: --limit is for --closed");
        await using manager = await invocation.open();
        const isWanted = (order: PendingOrder) => pair === undefined || order.pair === pair;
        const { terminal } = invocation;
        if (!closed) {
          const { orders: all, at } = await manager.snapshot();
          const pending = all.filter(isWanted);
          invocation.print(pending, () =>
            pending.length === 0 ? "no pending orders\n" : orderTable(terminal, pending, at, wide),
          );
          return;
        }
        const { orders: all, isTrimmed } = await closedOrders(invocation, manager);
        if (isTrimmed) invocation.complain("note: the log of events was trimmed: older orders are not in it");
        const wanted = all.filter(({ order }) => isWanted(order));
        const shown = wanted.slice(-(limit ?? SHOWN));
        invocation.print(
          shown.map(({ order, endedAt }) => ({ ...order, endedAt })),
          () => {
            if (shown.length === 0) return "no orders that are over\n";
            const rest = `the newest ${shown.length} of ${wanted.length} orders; more: --limit\n`;
            return (
              closedOrderTable(terminal, shown, wide) + (wanted.length > shown.length ? terminal.colours.dim(rest) : "")
            );
          },
        );
      }),
    );
  for (const add of [addOrderShow, addOrderCancel, addOrderResolve]) add(orders, run);
};

/** The orders in the event log that are not pending, in the order in which they ended. */
async function closedOrders(
  { terminal }: Invocation,
  manager: StateManager,
): Promise<{ readonly orders: readonly ClosedOrder[]; readonly isTrimmed: boolean }> {
  using bar = new ProgressBar(terminal, { words: "reading the log of events" });
  const seen = new SeenOrders();
  let isTrimmed = false;
  for await (const page of eventPages(manager)) {
    isTrimmed ||= page.isTrimmed;
    for (const event of page.events) seen.see(event);
    bar.at(page.part, 1);
  }
  const orders = seen
    .with(await manager.getPendingOrders())
    .flatMap(({ order, isPending, changedAt }) => (isPending || !changedAt ? [] : [{ order, endedAt: changedAt }]))
    .sort((a, b) => a.endedAt.getTime() - b.endedAt.getTime());
  return { orders, isTrimmed };
}
