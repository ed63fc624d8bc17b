import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Config, PositionInput } from "../../../src/index.js";
import { StateManager } from "../../../src/index.js";
import { newFlowId } from "../backends.js";
import { BUY, LONG } from "../samples.js";
import type { Stand } from "./flow.js";

interface Counted {
  readonly what: string;
  /** Commands that the script may run, at most. */
  readonly most: number;
  readonly before?: (manager: StateManager, id: string) => Promise<unknown>;
  readonly call: (manager: StateManager, id: string) => Promise<unknown>;
}

const FILL = { fillId: "f", price: 40_100, size: BUY.size, fee: 4.3 } as const;

/** A position and the exit that names it. */
function tracked(more: Partial<PositionInput> = {}) {
  return async (manager: StateManager, id: string) => {
    await manager.savePosition({ ...LONG, ...more, id });
    await manager.saveOrder({ ...BUY, id: `${id}-out`, side: "sell", intent: "exit", positionId: id });
  };
}

/** What calls cost before trades were kept, and two more where a trade ends. */
const COUNTED: readonly Counted[] = [
  { what: "savePosition", most: 10, call: (m, id) => m.savePosition({ ...LONG, id }) },
  { what: "saveOrder", most: 13, call: (m, id) => m.saveOrder({ ...BUY, id }) },
  {
    what: "admit",
    most: 22,
    call: (m, id) =>
      m.admit({ signalId: id, orderId: id, pair: "ADA/USDT", side: "long", size: 1, price: 1 }).then((answer) => {
        assert.is(answer.admitted, true);
      }),
  },
  { what: "updateDailyPnl", most: 14, call: (m, id) => m.updateDailyPnl(0.5, { tradeId: id }) },
  {
    what: "recordFill that opens a position",
    most: 29,
    before: (m, id) => m.saveOrder({ ...BUY, id }),
    call: (m, id) => m.recordFill(id, FILL),
  },
  {
    what: "recordFill that ends a trade",
    most: 32,
    before: tracked(),
    call: (m, id) => m.recordFill(`${id}-out`, FILL).then(({ trades }) => assert.is(trades.length, 1)),
  },
  {
    what: "recordFill that ends a trade and cools its pair down",
    most: 33,
    before: tracked({ cooldown: "1m" }),
    call: (m, id) => m.recordFill(`${id}-out`, FILL).then(({ trades }) => assert.is(trades.length, 1)),
  },
  {
    what: "closePosition",
    most: 19,
    before: (m, id) => m.savePosition({ ...LONG, id }),
    call: (m, id) => m.closePosition(id, { pnl: 1.5 }).then(({ closed }) => assert.is(closed, true)),
  },
];

/** How many commands the scripts of a call run. */
export function luaCommands(stand: Stand): void {
  const test = suite("lua: commands");
  const { client, server } = stand;

  /** Commands that ran since the last CONFIG RESETSTAT, by name. */
  async function ran(): Promise<Map<string, number>> {
    const lines = (await client.info("commandstats")).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    return new Map([...lines].map(([, name = "", calls]) => [name, Number(calls)]));
  }

  /** The commands inside the script of a call. */
  async function inside({ before, call }: Counted, account?: Config["account"]): Promise<[string, number][]> {
    const risk = { max_daily_loss: 1e9, max_exposure: 1e12, max_open_positions: 1e6 };
    await using manager = await StateManager.open(newFlowId(), {
      backend: "redis",
      redis: { url: server.url },
      risk,
      ...(account && { account }),
    });
    // Others that stay: the sums do not come to nothing. The first call loads the script, the second is beside no sixteenth of a memory.
    await manager.savePosition({ ...LONG, id: "stays" });
    for (const id of ["first", "second", "counted"]) await before?.(manager, id);
    for (const id of ["first", "second"]) await call(manager, id);
    // In the same millisecond a cooldown of the same length would have nothing to extend.
    for (const since = Date.now(); Date.now() - since < 2; ) await client.ping();
    await client.config("RESETSTAT");
    await call(manager, "counted");
    const commands = await ran();
    assert.is(commands.get("evalsha"), 1);
    return [...commands].filter(([name]) => name !== "evalsha" && name !== "config|resetstat" && name !== "info");
  }

  const sumOf = (commands: readonly [string, number][]) => commands.reduce((sum, [, calls]) => sum + calls, 0);
  const told = (commands: readonly [string, number][]) =>
    commands
      .map(([name, calls]) => `${calls} ${name}`)
      .sort()
      .join(", ");

  for (const counted of COUNTED) {
    const { what, most } = counted;
    test(`${what} runs ${most} commands at most`, async () => {
      const commands = await inside(counted);
      assert.ok(sumOf(commands) > 5, "a call runs some commands");
      assert.ok(sumOf(commands) <= most, `${sumOf(commands)} commands: ${told(commands)}`);
    });

    const more = what === "admit" ? 3 : 2;
    test(`${what} runs ${more} commands more at most where the flow is in an account`, async () => {
      const limits = { max_daily_loss: 1e9, max_drawdown: 0.9, max_exposure: 1e12, max_open_positions: 1e6 };
      const account = { name: newFlowId(), currency: "USDT", starting_equity: 1e6, ...limits };
      const [without, within] = [await inside(counted), await inside(counted, account)];
      assert.ok(sumOf(within) - sumOf(without) <= more, `${told(without)}; in an account ${told(within)}`);
      assert.ok(sumOf(within) > sumOf(without), "an account is asked for");
    });
  }

  test.run();
}
