import type { AddCommand } from "../command.js";
import { orderTable } from "../record-tables.js";

export const addOrders: AddCommand = (program, run) => {
  program
    .command("orders")
    .description("List the pending orders.")
    .addHelpText("after", "\nExample:\n  $ sf-state orders --flow bot --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { orders, at } = await manager.snapshot();
        invocation.print(orders, () =>
          orders.length === 0 ? "no pending orders\n" : orderTable(invocation.terminal, orders, at),
        );
      }),
    );
};
