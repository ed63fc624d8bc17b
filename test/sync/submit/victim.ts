/**
 * A bot that enters and exits by submitAndBook, and kills itself (SIGKILL) at a step: `victim.ts CONFIG FLOW EXCHANGE_FILE STEP NOW`; at
 * step 0 it lives on. It begins with a recovery, and with what an earlier life left pending. Says how many steps it took.
 */
import { StateManager } from "../../../src/index.js";
import { PaperExchange, recover, submitAndBook } from "../../../sync/index.js";
import { Life } from "../recovery/mortal.js";
import { PAIR, QUICK } from "../recovery/stand.js";

const [config = "{}", flow = "", file = "", step = "0", now = "0"] = process.argv.slice(2);
const clock = () => Number(now);
const paper = new PaperExchange({ file, clock, fills: "partial", fees: { maker: 0, taker: 0.001 } });
const opened = await StateManager.open(flow, JSON.parse(config), { clock, instanceId: "bot" });
const endsAt = step === "0" ? Number.POSITIVE_INFINITY : Number(step);
const life = new Life(endsAt, () => process.kill(process.pid, "SIGKILL"));
const [state, exchange] = [life.share(opened), life.share(paper)];

await paper.setPrice(PAIR, 100);
for (const order of await state.getPendingOrders()) await submitAndBook(state, exchange, order, { wait: 0 });
await recover(state, exchange, QUICK);
for (const id of ["a", "b"]) {
  const entry = await state.admit({
    signalId: id,
    orderId: id,
    pair: PAIR,
    side: "long",
    size: 2,
    price: 100,
    orderType: "market",
  });
  if (entry.admitted) await submitAndBook(state, exchange, entry.order);
  const position = await state.getPosition(id);
  if (!position) continue;
  const exit = {
    id: `${id}-exit`,
    pair: PAIR,
    side: "sell",
    size: position.size,
    intent: "exit",
    positionId: id,
  } as const;
  const left = await submitAndBook(state, exchange, exit);
  // An earlier life may have died after it was said to be sent, and before it was.
  if (left.order.filled < position.size) await submitAndBook(state, exchange, { ...exit, id: `${id}-exit-2` });
}
const { status } = await recover(state, exchange, QUICK);
await opened.close();
await paper.close();
console.log(JSON.stringify({ steps: life.steps, status }));
