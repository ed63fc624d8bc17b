import type { StateManager } from "../../manager/state-manager.js";
import type { PendingOrder, StateEvent } from "../../types.js";
import { ago, span, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { ProgressBar } from "../../words/progress-bar.js";
import type { AddSubcommand } from "../command.js";
import { eventLine } from "../event-line.js";
import { EXIT } from "../exit-code.js";
import { eventPages } from "../flow-pages.js";
import type { Invocation } from "../invocation.js";
import { orderNamed, orderWords } from "../order-words.js";
import type { Terminal } from "../terminal.js";

export const addOrderShow: AddSubcommand = (orders, run) => {
  orders
    .command("show <id>")
    .description("Show an order and all that the log of events tells of it. Ends with 1 when its outcome is unknown.")
    .addHelpText("after", "\nExample:\n  $ sf-state orders show sf-1a2b-s17 --flow bot --config bot.yaml")
    .action((typed, _, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const order = await orderNamed(manager, typed);
        const { id } = order;
        const pending = (await manager.getOrder(id)) !== undefined;
        const events = await eventsOf(invocation, manager, id);
        const { at } = await manager.snapshot();
        invocation.print({ ...order, pending, events }, () =>
          orderText(invocation.terminal, { order, isPending: pending, events, now: at }),
        );
        if (order.status === "unknown") invocation.exitCode = EXIT.problem;
      }),
    );
};

async function eventsOf({ terminal }: Invocation, manager: StateManager, id: string): Promise<StateEvent[]> {
  using bar = new ProgressBar(terminal, { words: "reading the log of events" });
  const found: StateEvent[] = [];
  for await (const { events, part } of eventPages(manager)) {
    for (const event of events) if (isOf(event, id)) found.push(event);
    bar.at(part, 1);
  }
  return found;
}

function isOf(event: StateEvent, id: string): boolean {
  return ("order" in event && event.order.id === id) || (event.type === "order_removed" && event.orderId === id);
}

interface Shown {
  readonly order: PendingOrder;
  readonly isPending: boolean;
  readonly events: readonly StateEvent[];
  readonly now: Date;
}

function orderText(terminal: Terminal, { order, isPending, events, now }: Shown): string {
  const { bold, dim, yellow } = terminal.colours;
  const { createdAt, positionId, flip, signalId, reason, tp, sl, cooldown, rate, metadata, version } = order;
  const lines: [string, string | undefined][] = [
    ["order", orderWords(order)],
    ["made", `${time(createdAt)} UTC, ${ago(createdAt, now)}`],
    ["position", flip === undefined ? positionId : `turns ${flip} around`],
    ["signal", signalId],
    ["reason", reason],
    ["tp, sl", tp === undefined && sl === undefined ? undefined : `${tp ?? "none"}, ${sl ?? "none"}`],
    ["cooldown", cooldown === undefined ? undefined : span(cooldown)],
    ["rate", rate === undefined ? undefined : String(rate)],
    ["metadata", metadata === undefined ? undefined : JSON.stringify(metadata)],
    ["version", String(version)],
    ["state", isPending ? "pending: what is not filled of it is reserved" : "over: it reserves nothing"],
  ];
  const head = lines.flatMap(([name, words]) =>
    words === undefined ? [] : [`${dim(name.padEnd(10))}${printable(words)}\n`],
  );
  const advice =
    order.status === "unknown"
      ? `${yellow("Nobody knows whether it arrived.")} sf-state recover --exchange ID asks the exchange; if you know, say so: sf-state orders resolve ${printable(order.id)}\n`
      : "";
  const told =
    events.length === 0
      ? "the log of events tells nothing of it\n"
      : events.map((event) => `${eventLine(terminal.colours, event)}\n`).join("");
  return `${bold(printable(order.id))}\n${head.join("")}${advice}\n${told}`;
}
