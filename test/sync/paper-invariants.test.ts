/** What holds for a paper exchange after every random sequence of calls. A failure prints the seed and the shortest sequence. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { minus } from "../../src/exact/double.js";
import { StateManager } from "../../src/index.js";
import { PaperExchange, type PaperExchangeOptions } from "../../sync/paper/paper-exchange.js";
import { Clock } from "../contract/clock.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { BTC, ETH, EVER, everything } from "./paper/samples.js";
import { checkSums, options, type Step, steps, take } from "./paper/steps.js";

const RUNS = Number(process.env.RUNS ?? 200);

const folder = await makeFolder();
const test = suite("invariants of the paper exchange");

test.after(() => removeFolder(folder));

let files = 0;

function newFile(): string {
  files++;
  return join(folder, `${files}.jsonl`);
}

async function start(given: PaperExchangeOptions, clock: Clock): Promise<PaperExchange> {
  const exchange = new PaperExchange({ ...given, clock: clock.read });
  for (const pair of [BTC, ETH]) await exchange.setPrice(pair, 10);
  return exchange;
}

test("positions are the sum of fills, orders the sum of theirs, and the balance what was realised less fees", async () => {
  await fc.assert(
    fc.asyncProperty(options, steps, async (given, taken) => {
      const clock = new Clock();
      const exchange = await start(given, clock);
      for (const step of taken) {
        await take(exchange, clock, step);
        await checkSums(exchange, given);
      }
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test("the same calls make the same file, byte for byte, however often the exchange is opened again in between", async () => {
  const run = async (given: PaperExchangeOptions, taken: readonly Step[], reopened: ReadonlySet<number>) => {
    const clock = new Clock();
    const file = newFile();
    let exchange = await start({ ...given, file }, clock);
    for (const [i, step] of taken.entries()) {
      await take(exchange, clock, step);
      if (!reopened.has(i)) continue;
      const told = await everything(exchange);
      await exchange.close();
      exchange = new PaperExchange({ file, clock: clock.read });
      assert.equal(await everything(exchange), told);
    }
    const told = await everything(exchange);
    await exchange.close();
    return { told, bytes: readFileSync(file, "utf8") };
  };
  await fc.assert(
    fc.asyncProperty(options, steps, fc.array(fc.nat(39)), async (given, taken, reopened) => {
      const once = await run(given, taken, new Set());
      assert.equal(await run(given, taken, new Set(reopened)), once);
    }),
    { numRuns: Math.ceil(RUNS / 8), includeErrorInReport: true },
  );
});

/** What a bot does next: open or grow, or reduce, so much at such a price; a limit order is filled by the way the price takes. */
interface Move {
  readonly price: number;
  readonly open: "long" | "short";
  readonly reduce: boolean;
  readonly size: number;
  readonly limit: boolean;
}

const move: fc.Arbitrary<Move> = fc.record({
  price: fc.integer({ min: 80_000, max: 120_000 }).map((units) => units / 1000),
  open: fc.constantFrom("long", "short"),
  reduce: fc.boolean(),
  size: fc.integer({ min: 1, max: 3000 }).map((units) => units / 1000),
  limit: fc.boolean(),
});

/** Trades one position at a time; each order is told to the manager before it is sent. */
async function trade(exchange: PaperExchange, mgr: StateManager, moves: readonly Move[]): Promise<void> {
  for (const [i, { price, open, reduce, size, limit }] of moves.entries()) {
    await exchange.setPrice(BTC, price);
    const [held] = await exchange.fetchPositions();
    const side = held?.side ?? open;
    const exit = reduce && held !== undefined;
    const clientOrderId = `o-${i}`;
    const request = {
      clientOrderId,
      pair: BTC,
      side: (side === "long") === exit ? ("sell" as const) : ("buy" as const),
      size: exit ? Math.min(size, held.size) : size,
      reduceOnly: exit,
    };
    const positionId = (await mgr.getPositions())[0]?.id ?? clientOrderId;
    const { pair, side: orderSide, size: orderSize } = request;
    await mgr.saveOrder({
      id: clientOrderId,
      pair,
      side: orderSide,
      size: orderSize,
      intent: exit ? "exit" : "entry",
      positionId,
    });
    if (limit) {
      const away = request.side === "buy" ? price - 1 : price + 1;
      await exchange.createOrder({ ...request, type: "limit", price: away });
      await exchange.setPrice(BTC, request.side === "buy" ? away - 0.5 : away + 0.5);
    } else await exchange.createOrder({ ...request, type: "market" });
    const fills = await exchange.fetchFills(BTC, EVER);
    for (const { fillId, price, size, fee, ts } of fills.filter((fill) => fill.clientOrderId === clientOrderId))
      await mgr.recordFill(clientOrderId, { fillId, price, size, fee, ts });
  }
}

test("a state manager that is told the fills holds the same position and books the same PnL, to the last decimal", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 1, maxLength: 12 }),
      fc.constantFrom("whole", "partial"),
      fc.constantFrom("netting", "hedge"),
      fc.integer(),
      async (moves, fills, mode, seed) => {
        const clock = new Clock();
        const exchange = new PaperExchange({ balance: 0, mode, fills, seed, clock: clock.read });
        await using mgr = await StateManager.open("bot", {}, { clock: clock.read });
        await trade(exchange, mgr, moves);
        const told = (await exchange.fetchPositions()).map(({ side, size, entryPrice }) => ({
          side,
          size,
          entryPrice,
        }));
        const held = (await mgr.getPositions()).map(({ side, size, entryPrice }) => ({ side, size, entryPrice }));
        assert.equal(held, told);
        // The exchange rounds each fill to 8 places, the state the sum of them.
        const fillCount = (await exchange.fetchFills(BTC, EVER)).length;
        const apart = Math.abs(minus((await mgr.getRiskState()).dailyPnl, exchange.balance));
        assert.ok(apart <= fillCount * 0.5e-8, `${apart} apart after ${fillCount} fills`);
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test.run();
