import * as assert from "uvu/assert";
import type { StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { everything } from "./expect.js";
import type { Theme } from "./open.js";
import { EXOTIC_NAMES } from "./samples.js";

const PAIR = "BTC/USDT";

async function known(mgr: StateManager, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) if (await mgr.isSignalProcessed(id)) found.push(id);
  return found;
}

export const signals: Theme = (test, open, { durable }) => {
  test("a signal is won the first time and a duplicate ever after", async () => {
    await using mgr = await open();
    assert.is(await mgr.isSignalProcessed("s1"), false);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), true);
    assert.is(await mgr.isSignalProcessed("s1"), true);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    assert.is(await mgr.isSignalProcessed("s2"), false);
    assert.is(await mgr.markSignalProcessed("s2", PAIR), true);
  });

  test("of twenty callers at once exactly one wins a signal", async () => {
    await using mgr = await open();
    const calls = Array.from({ length: 20 }, () => mgr.markSignalProcessed("s1", PAIR));
    assert.is((await Promise.all(calls)).filter((won) => won).length, 1);
  });

  test("a signal is known by its id alone, whatever the pair", async () => {
    await using mgr = await open();
    await mgr.markSignalProcessed("s1", PAIR);
    assert.is(await mgr.markSignalProcessed("s1", "ETH/USDT"), false);
  });

  test("a signal is remembered for dedup_window, to the millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "10m" } }, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    clock.now = NOON + 10 * MINUTE - 1;
    assert.is(await mgr.isSignalProcessed("s1"), true);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    clock.now = NOON + 10 * MINUTE;
    assert.is(await mgr.isSignalProcessed("s1"), false);
    assert.equal((await mgr.getSignalState()).recentSignalIds, []);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), true);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
  });

  test("a duplicate does not renew the window", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "10m" } }, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    clock.now += 9 * MINUTE;
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    clock.now += MINUTE;
    assert.is(await mgr.markSignalProcessed("s1", PAIR), true);
  });

  test("the window counts from the moment of marking, not from the signal's own time", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "1h" } }, { clock: clock.read });
    await mgr.markSignalProcessed("old", PAIR, NOON - DAY);
    await mgr.markSignalProcessed("future", PAIR, NOON + DAY);
    assert.equal(await known(mgr, ["old", "future"]), ["old", "future"]);
    clock.now += HOUR;
    assert.equal(await known(mgr, ["old", "future"]), []);
  });

  test("by default a signal is remembered for a day", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    clock.now += DAY - 1;
    assert.is(await mgr.isSignalProcessed("s1"), true);
    clock.now += 1;
    assert.is(await mgr.isSignalProcessed("s1"), false);
  });

  test("beyond max_ids the oldest are forgotten first", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { max_ids: 3 } }, { clock: clock.read });
    const ids = ["c", "b", "a", "z", "y"];
    for (const id of ids) {
      assert.is(await mgr.markSignalProcessed(id, PAIR), true);
      clock.now += 1;
    }
    assert.equal(await known(mgr, ids), ["a", "z", "y"]);
    assert.equal((await mgr.getSignalState()).recentSignalIds, ["a", "z", "y"]);
  });

  test("the newest signal is never the one that is forgotten, not even among equal times", async () => {
    for (const ids of [
      ["a", "b", "c", "d", "e"],
      ["e", "d", "c", "b", "a"],
      ["c", "a", "e", "b", "d"],
    ]) {
      for (const max_ids of [1, 2, 3]) {
        const clock = new Clock();
        await using mgr = await open({ signals: { max_ids } }, { clock: clock.read });
        for (const id of ids) {
          assert.is(await mgr.markSignalProcessed(id, PAIR), true);
          assert.is(await mgr.markSignalProcessed(id, PAIR), false);
        }
        assert.is((await known(mgr, ids)).length, max_ids);
      }
    }
  });

  test("the newest signal is never the one that is forgotten, not even when the clock steps back", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { max_ids: 2, dedup_window: "10m" } }, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    clock.now -= 5 * MINUTE;
    await mgr.markSignalProcessed("s2", PAIR);
    assert.is(await mgr.markSignalProcessed("s2", PAIR), false);
    await mgr.markSignalProcessed("s3", PAIR);
    assert.is(await mgr.markSignalProcessed("s3", PAIR), false);
    assert.equal(await known(mgr, ["s1", "s2", "s3"]), ["s2", "s3"]);
    clock.now -= DAY;
    await mgr.markSignalProcessed("s4", PAIR);
    assert.is(await mgr.markSignalProcessed("s4", PAIR), false);
  });

  test("recent signals are the newest hundred, oldest first", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (let i = 0; i < 150; i++) {
      await mgr.markSignalProcessed(`s${i}`, PAIR);
      clock.now += 1;
    }
    const { recentSignalIds } = await mgr.getSignalState();
    assert.equal(
      recentSignalIds,
      Array.from({ length: 100 }, (_, i) => `s${i + 50}`),
    );
    assert.is(await mgr.isSignalProcessed("s0"), true);
  });

  test("recent signals leave out those beyond the window", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: 10 } }, { clock: clock.read });
    for (const id of ["s1", "s2", "s3"]) {
      await mgr.markSignalProcessed(id, PAIR);
      clock.now += 4;
    }
    assert.equal((await mgr.getSignalState()).recentSignalIds, ["s2", "s3"]);
    assert.equal((await mgr.snapshot()).signals.recentSignalIds, ["s2", "s3"]);
  });

  test("the last signal is told with its pair and its own time", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const fresh = await mgr.getSignalState();
    assert.equal(fresh, { cooldowns: {}, recentSignalIds: [] });
    await mgr.markSignalProcessed("s1", PAIR);
    assert.equal(await mgr.getSignalState(), {
      lastProcessedTs: new Date(NOON),
      lastProcessedPair: PAIR,
      lastProcessedId: "s1",
      cooldowns: {},
      recentSignalIds: ["s1"],
    });
    await mgr.markSignalProcessed("s2", "ETH/USDT", new Date(NOON - HOUR));
    const { lastProcessedTs, lastProcessedPair, lastProcessedId } = await mgr.getSignalState();
    assert.equal([lastProcessedTs, lastProcessedPair, lastProcessedId], [new Date(NOON - HOUR), "ETH/USDT", "s2"]);
  });

  test("the last signal stays told after it was forgotten", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "1m" } }, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    clock.now += DAY;
    assert.equal(await mgr.getSignalState(), {
      lastProcessedTs: new Date(NOON),
      lastProcessedPair: PAIR,
      lastProcessedId: "s1",
      cooldowns: {},
      recentSignalIds: [],
    });
  });

  test("a duplicate changes nothing, the last signal included", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.markSignalProcessed("s1", PAIR);
    await mgr.markSignalProcessed("s2", PAIR);
    const before = await everything(mgr);
    clock.now += MINUTE;
    await mgr.markSignalProcessed("s1", "ETH/USDT", 5);
    assert.equal(await everything(mgr), before);
  });

  test("signal ids and pairs may be any text of up to 256 bytes", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const name of EXOTIC_NAMES) {
      clock.now += 1;
      assert.is(await mgr.markSignalProcessed(name, name), true);
      assert.is(await mgr.markSignalProcessed(name, name), false);
      const { lastProcessedId, lastProcessedPair } = await mgr.getSignalState();
      assert.equal([lastProcessedId, lastProcessedPair], [name, name]);
    }
    assert.equal((await mgr.getSignalState()).recentSignalIds, EXOTIC_NAMES);
  });

  if (durable) {
    test("with a smaller max_ids than before the oldest are forgotten with the next signal", async () => {
      const clock = new Clock();
      const first = await open({}, { clock: clock.read });
      const ids = Array.from({ length: 10 }, (_, i) => `s${i}`);
      for (const id of ids) {
        await first.markSignalProcessed(id, PAIR);
        clock.now += 1;
      }
      await first.close();
      await using second = await open({ signals: { max_ids: 4 } }, { clock: clock.read, flowId: first.flowId });
      assert.is((await known(second, ids)).length, 10);
      await second.markSignalProcessed("new", PAIR);
      assert.equal(await known(second, [...ids, "new"]), ["s7", "s8", "s9", "new"]);
    });
  }
};
