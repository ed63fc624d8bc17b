import type { StateManager } from "../../manager/state-manager.js";
import { isDone } from "../../state/order-status.js";
import type { FillInput, PendingOrder } from "../../types.js";
import { gain } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { moment, number } from "../arguments.js";
import type { AddSubcommand } from "../command.js";
import { EXIT, ProblemError, UsageError } from "../exit-code.js";
import { placeName } from "../flows.js";
import type { Invocation } from "../invocation.js";
import { orderNamed, orderWords } from "../order-words.js";

const HELP = `
Say what the exchange's own page says of the order:
  --filled 0.4 --price 60010 --fill-id 9913   one of its executions; the rest of the order goes on
  --filled ... --cancelled                    that execution, and then it was cancelled there
  --cancelled                                 it was cancelled there; what was filled is booked already
  --never-arrived                             the exchange never got it
  --open                                      it rests there

Book each execution by a call of its own, with the id that the exchange gave it: it is booked once, whoever books it again.
Nothing is asked of the exchange. Where it can be asked, sf-state recover does all of this by itself.

Example:
  $ sf-state orders resolve sf-1a2b-s17 --filled 0.4 --price 60010 --fill-id 9913 --fee 2.4 --flow bot --config bot.yaml`;

/** What the exchange says about an order. */
type Verdict =
  | { readonly is: "filled"; readonly fill: FillInput }
  | { readonly is: "cancelled" }
  | { readonly is: "never_arrived"; readonly releaseSignal: boolean }
  | { readonly is: "open" };

interface Options {
  readonly filled?: number | undefined;
  readonly price?: number | undefined;
  readonly fillId?: string | undefined;
  readonly fee?: number | undefined;
  readonly feeCurrency?: string | undefined;
  readonly feeRate?: number | undefined;
  readonly rate?: number | undefined;
  readonly ts?: Date | undefined;
  readonly overfill?: true | undefined;
  readonly cancelled?: true | undefined;
  readonly neverArrived?: true | undefined;
  readonly open?: true | undefined;
  readonly releaseSignal?: true | undefined;
}

export const addOrderResolve: AddSubcommand = (orders, run) => {
  orders
    .command("resolve <id>")
    .description("Store what the exchange says about an order that is stuck, or whose outcome is unknown.")
    .option("--filled <size>", "the size of one execution, gross", number)
    .option("--price <price>", "the price of that execution", number)
    .option("--fill-id <id>", "the exchange's id of that execution")
    .option("--fee <amount>", "its fee, above 0 when paid [0]", number)
    .option("--fee-currency <currency>", "currency of the fee [the pair's settle currency]")
    .option("--fee-rate <rate>", "flow currency per unit of the fee's currency", number)
    .option("--rate <rate>", "flow currency per unit of the pair's settle currency", number)
    .option("--ts <time>", "when it was executed: ms, or 2026-01-07T12:00Z [now]", moment)
    .option("--overfill", "the exchange says that more than the size of the entry was filled")
    .option("--cancelled", "it was cancelled there")
    .option("--never-arrived", "the exchange never got it")
    .option("--open", "it is open there")
    .option("--release-signal", "with --never-arrived: its signal may be acted on again")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action((id, { yes, ...options }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const verdict = verdictOf(options);
        await using manager = await invocation.open();
        const order = await orderNamed(manager, id);
        if (verdict.is === "filled") await fill(invocation, manager, { order, fill: verdict.fill, yes });
        else await settle(invocation, manager, { order, verdict, yes });
      }),
    );
};

/** Throws a UsageError if the options contradict each other. */
function verdictOf(options: Options): Verdict {
  const { filled, price, fillId, cancelled, neverArrived, open, releaseSignal } = options;
  const said = [filled !== undefined || cancelled, neverArrived, open].filter(Boolean).length;
  if (said === 0) throw new UsageError("what does the exchange say? --filled, --cancelled, --never-arrived or --open");
  if (said > 1)
    throw new UsageError(
      "give one of --filled, --cancelled, --never-arrived and --open; --filled and --cancelled go together",
    );
  if (releaseSignal && !neverArrived) throw new UsageError("--release-signal goes with --never-arrived");
  const ofFill = Object.entries({
    "--price": price,
    "--fill-id": fillId,
    "--fee": options.fee,
    "--fee-currency": options.feeCurrency,
    "--fee-rate": options.feeRate,
    "--rate": options.rate,
    "--ts": options.ts,
    "--overfill": options.overfill,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (filled === undefined) {
    if (ofFill.length > 0) throw new UsageError(`${ofFill[0]} goes with --filled SIZE`);
    if (cancelled) return { is: "cancelled" };
    return neverArrived ? { is: "never_arrived", releaseSignal: releaseSignal === true } : { is: "open" };
  }
  if (price === undefined || fillId === undefined) {
    throw new UsageError("--filled: say the price and the exchange's id of the execution, too: --price, --fill-id");
  }
  const { rate, ts, overfill } = options;
  return {
    is: "filled",
    fill: {
      fillId,
      price,
      size: filled,
      ...feeOf(options),
      ...(rate !== undefined && { rate }),
      ...(ts && { ts }),
      ...(overfill && { overfill }),
      ...(cancelled && { done: true }),
    },
  };
}

function feeOf({ fee, feeCurrency: currency, feeRate: rate }: Options): Pick<FillInput, "fee"> {
  if (fee === undefined) {
    if (currency !== undefined || rate !== undefined)
      throw new UsageError("--fee-currency and --fee-rate go with --fee");
    return {};
  }
  if (currency === undefined) {
    if (rate !== undefined) throw new UsageError("--fee-rate goes with --fee-currency");
    return { fee };
  }
  return { fee: { amount: fee, currency, ...(rate !== undefined && { rate }) } };
}

interface Asked {
  readonly order: PendingOrder;
  readonly yes: true | undefined;
}

/** The beginning of the question: which order, of which flow, in its present state. */
function about({ order: { id }, order }: Asked, { flowId, config }: StateManager): string {
  return `order ${id} of flow ${flowId} at ${placeName(config, flowId)} (${orderWords(order)})`;
}

async function fill(
  invocation: Invocation,
  manager: StateManager,
  asked: Asked & { readonly fill: FillInput },
): Promise<void> {
  const { order, fill, yes } = asked;
  const [isBooked = false] = await manager.getRecordedFills([{ orderId: order.id, fillId: fill.fillId }]);
  if (!isBooked) {
    await invocation.consent(
      `Book ${fillWords(fill)} on ${about(asked, manager)}? ${await effectWords(manager, asked)}`,
      yes,
    );
  }
  const result = await manager.recordFill(order.id, fill);
  const { applied, booked, risk, tripped, trades, exitsLeft, over, order: after = order } = result;
  invocation.print(result, () => {
    if (!applied) return `${printable(fill.fillId)} of ${printable(order.id)} was booked before; nothing was done\n`;
    const lines = [
      `${order.id}: ${fillWords(fill)} booked, ${gain(booked)}; the order is ${after.status}, ${after.filled} of ${after.size} filled`,
      ...trades.map(({ id, pnl, side, size, pair }) => `trade ${id} ended: ${side} ${size} ${pair}, ${gain(pnl)}`),
      ...(over === undefined ? [] : [`${over} of it is on no position: none holds that much`]),
      ...exitsLeft.map(
        ({ id }) => `its exit ${id} is still pending: cancel it at the exchange, then sf-state orders cancel ${id}`,
      ),
      `today ${gain(risk.dailyPnl)}${tripped ? `; the breaker tripped: ${risk.circuitBreakerReason ?? ""}` : ""}`,
    ];
    return `${lines.map(printable).join("\n")}\n`;
  });
  if (tripped) invocation.exitCode = EXIT.problem;
}

/** `a fill of 0.4 at 60010 (9913)`. */
function fillWords({ size, price, fillId }: FillInput): string {
  return `a fill of ${size} at ${price} (${fillId})`;
}

/** What the fill will change. */
async function effectWords(
  manager: StateManager,
  { order, fill }: { order: PendingOrder; fill: FillInput },
): Promise<string> {
  const held = order.positionId === undefined ? undefined : await manager.getPosition(order.positionId);
  const position = held && `position ${held.id} (${held.side} ${held.size} ${held.pair} at ${held.entryPrice})`;
  const where =
    order.flip !== undefined
      ? `It closes ${order.flip}, and what is left opens a position`
      : order.intent === "entry"
        ? position
          ? `It adds to ${position}`
          : "It opens a position"
        : `It reduces ${position ?? `what the flow holds of ${order.pair}`}; what that made is booked, and the breaker judges it`;
  const rest = isDone(order.status)
    ? `The order stays ${order.status}, or becomes filled.`
    : fill.done
      ? "What is then left of the order is cancelled, and its reservation free."
      : "What is then left of the order stays pending.";
  return `${where}. ${rest}`;
}

type Settled = Exclude<Verdict, { is: "filled" }>;

async function settle(
  invocation: Invocation,
  manager: StateManager,
  asked: Asked & { readonly verdict: Settled },
): Promise<void> {
  const { order, verdict, yes } = asked;
  const { id, status, filled, signalId } = order;
  if (isDone(status)) {
    throw new ProblemError(
      `order ${id} is ${status} already; nothing was done. What was filled of it is told with --filled`,
    );
  }
  if (verdict.is === "never_arrived" && filled > 0) {
    throw new ProblemError(
      `order ${id} did arrive: ${filled} of it was filled; nothing was done. If it is over there, say --cancelled`,
    );
  }
  if (verdict.is === "open") {
    await invocation.consent(
      `Note that ${about(asked, manager)} rests at the exchange? What is not filled of it stays reserved.`,
      yes,
    );
    const after = await manager.updateOrder(id, { status: filled > 0 ? "partially_filled" : "open" });
    invocation.print({ order: after, cancelled: false }, () => printable(`${id} is ${after.status}`).concat("\n"));
    return;
  }
  const never = verdict.is === "never_arrived";
  const frees = verdict.is === "never_arrived" && verdict.releaseSignal && signalId !== undefined;
  const what = never ? "never arrived at the exchange" : "was cancelled at the exchange";
  await invocation.consent(
    `Note that ${about(asked, manager)} ${what}? It ends, and its slot and exposure are free.` +
      (frees ? ` Its signal ${signalId} may be acted on again.` : "") +
      " If the exchange fills it after all, sf-state recover finds and books that.",
    yes,
  );
  const cancelled = await manager.cancelOrder(id, { releaseSignal: frees });
  if (!cancelled) throw new ProblemError(`order ${id} ended meanwhile; nothing was done`);
  const [after = order] = await manager.findOrders([id]);
  invocation.print({ order: after, cancelled }, () => printable(`${id} is cancelled: it ${what}`).concat("\n"));
}
