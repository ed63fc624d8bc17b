import { isDone } from "../../state/order-status.js";
import type { AddSubcommand } from "../command.js";
import { ProblemError } from "../exit-code.js";
import { placeName } from "../flows.js";
import { NOT_AT_EXCHANGE, orderNamed, orderWords } from "../order-words.js";

export const addOrderCancel: AddSubcommand = (orders, run) => {
  orders
    .command("cancel <id>")
    .description(
      "End a pending order in state: its slot and its exposure are free. It does nothing at the exchange: sf-state recover does.",
    )
    .option("--release-signal", "its signal may be acted on again, if nothing of it was filled")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nCancel it at the exchange, too, or let sf-state recover do so: it cancels there what is over in state, and books what was" +
        "\nfilled. A fill that comes later is booked all the same." +
        "\n\nExample:\n  $ sf-state orders cancel sf-1a2b-s17 --release-signal --flow bot --config bot.yaml",
    )
    .action((typed, { releaseSignal = false, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const order = await orderNamed(manager, typed);
        const { id } = order;
        if (isDone(order.status)) throw new ProblemError(`order ${id} is ${order.status} already; nothing was done`);
        const { signalId, filled } = order;
        const frees = releaseSignal && signalId !== undefined && filled === 0;
        const signal = frees
          ? ` Its signal ${signalId} may be acted on again.`
          : releaseSignal
            ? " No signal is given back: it has none, or some of it was filled."
            : "";
        await invocation.consent(
          `Cancel order ${id} of flow ${manager.flowId} at ${placeName(manager.config, manager.flowId)}, in state only (${orderWords(order)})?` +
            ` Its slot and exposure are free again.${signal} Note: ${NOT_AT_EXCHANGE}.`,
          yes,
        );
        const cancelled = await manager.cancelOrder(id, { releaseSignal });
        if (!cancelled) throw new ProblemError(`order ${id} ended meanwhile; nothing was done`);
        const [after = order] = await manager.findOrders([id]);
        invocation.print(
          { cancelled, order: after, signalReleased: frees && after.filled === 0 },
          () => `${id} is cancelled in state; ${NOT_AT_EXCHANGE}\n`,
        );
      }),
    );
};
