/** A bot that dies inside submitAndBook, at every step: whoever goes on sends and books nothing twice. */
import * as assert from "uvu/assert";
import type { OrderInput } from "../../../src/index.js";
import { recover, submitAndBook } from "../../../sync/index.js";
import type { Open, Theme } from "../../contract/open.js";
import { numbers, some } from "../../long.js";
import { Death, Life } from "../recovery/mortal.js";
import { PAIR, QUICK, Stand } from "../recovery/stand.js";

/** Steps that are played where each needs a file or a server; LONG: all. */
const SAMPLE = 12;

type GoesOn = "submitAndBook, then recover" | "recover alone";

const EXIT: OrderInput = {
  id: "exit",
  pair: PAIR,
  side: "sell",
  size: 2,
  intent: "exit",
  positionId: "entry",
  reason: "manual",
};

/** One life that enters and exits and ends at a step; then somebody goes on. Answers how many steps the life took. */
async function play(open: Open, endsAt: number, goesOn: GoesOn): Promise<number> {
  await using stand = await Stand.open(open, { paper: { fills: "partial" } });
  const { mgr, exchange } = stand;
  const life = new Life(endsAt);
  const [mortal, desk] = [life.share(mgr), life.share(exchange)];
  try {
    const entry = await stand.admit("entry", { size: 2 });
    await submitAndBook(mortal, desk, entry);
    await exchange.setPrice(PAIR, 110);
    await submitAndBook(mortal, desk, EXIT);
  } catch (error) {
    if (!(error instanceof Death)) throw error;
  }
  const where = `died at step ${endsAt}, then ${goesOn}`;
  if (goesOn !== "recover alone") {
    for (const order of await mgr.getPendingOrders()) await submitAndBook(mgr, exchange, order, { wait: 0 });
  }
  await stand.away();
  assert.is((await recover(mgr, exchange, QUICK)).status, "recovered", where);

  const sent = exchange.seen.flatMap((call) => (call.method === "createOrder" ? [call.clientOrderId] : []));
  assert.equal([...new Set(sent)], sent, `sent twice: ${where}`);
  for (const [key, [tracked, there]] of Object.entries(await stand.holdings()))
    assert.is(tracked, there, `${key}: ${where}`);
  assert.equal(await mgr.getPendingOrders(), [], where);
  const events = (await mgr.getEvents()).filter(({ type }) => type === "fill_recorded");
  assert.is(events.length, (await exchange.fetchFills(PAIR, new Date(0))).length, `fills booked: ${where}`);
  const trades = await mgr.getTrades();
  if (sent.includes("exit"))
    assert.equal(
      trades.map(({ size, pnl }) => [size, pnl]),
      [[2, 19.58]],
      where,
    );
  assert.is((await mgr.getRiskState()).dailyPnl, Number((exchange.balance - 100_000).toFixed(8)), where);
  return life.steps;
}

export const deaths: Theme = (test, open, { durable }) => {
  for (const goesOn of ["submitAndBook, then recover", "recover alone"] as const) {
    test(`a bot that dies at any step of it, and ${goesOn}: nothing is sent or booked twice`, async () => {
      const steps = await play(open, Number.POSITIVE_INFINITY, goesOn);
      assert.ok(steps > 20, `${steps} steps`);
      for (const step of durable ? some(numbers(1, steps), SAMPLE) : numbers(1, steps)) await play(open, step, goesOn);
    });
  }
};
