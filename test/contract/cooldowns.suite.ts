import * as assert from "uvu/assert";
import type { PositionSide } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
import type { Theme } from "./open.js";
import { EXOTIC_NAMES } from "./samples.js";

const PAIR = "BTC/USDT";
const SIDES: readonly (PositionSide | undefined)[] = [undefined, "long", "short"];

export const cooldowns: Theme = (test, open) => {
  test("a pair is on cooldown from now on and free at the exact millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    assert.is(await mgr.isOnCooldown(PAIR), false);
    assert.is(await mgr.getCooldown(PAIR), undefined);
    const until = new Date(NOON + 5 * MINUTE);
    assert.equal(await mgr.setCooldown(PAIR, "5m"), until);
    assert.is(await mgr.isOnCooldown(PAIR), true);
    assert.equal(await mgr.getCooldown(PAIR), until);
    assert.is(await mgr.isOnCooldown("ETH/USDT"), false);
    clock.now = NOON + 5 * MINUTE - 1;
    assert.is(await mgr.isOnCooldown(PAIR), true);
    assert.equal((await mgr.getSignalState()).cooldowns, { [PAIR]: until });
    clock.now = NOON + 5 * MINUTE;
    assert.is(await mgr.isOnCooldown(PAIR), false);
    assert.is(await mgr.getCooldown(PAIR), undefined);
    assert.equal((await mgr.getSignalState()).cooldowns, {});
    assert.is(await mgr.clearCooldown(PAIR), false);
  });

  test("a duration may be a number of milliseconds or a text with a unit", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const [duration, ms] of [
      [1, 1],
      ["500ms", 500],
      ["30s", 30 * SECOND],
      ["1.5h", 90 * MINUTE],
      ["24h", DAY],
      ["7d", 7 * DAY],
      ["36525d", 36525 * DAY],
    ] as const) {
      assert.equal(await mgr.setCooldown(PAIR, duration, { replace: true }), new Date(NOON + ms));
    }
  });

  test("setting it again extends it and never shortens it", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.setCooldown(PAIR, "10m");
    assert.equal(await mgr.setCooldown(PAIR, "5m"), new Date(NOON + 10 * MINUTE));
    assert.equal(await mgr.setCooldown(PAIR, 10 * MINUTE - 1), new Date(NOON + 10 * MINUTE));
    assert.equal(await mgr.setCooldown(PAIR, "10m"), new Date(NOON + 10 * MINUTE));
    assert.equal(await mgr.setCooldown(PAIR, 10 * MINUTE + 1), new Date(NOON + 10 * MINUTE + 1));
    clock.now += MINUTE;
    assert.equal(await mgr.setCooldown(PAIR, "10m"), new Date(NOON + 11 * MINUTE));
    clock.now -= DAY;
    assert.equal(await mgr.setCooldown(PAIR, "1h"), new Date(NOON + 11 * MINUTE));
  });

  test("replace shortens it", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.setCooldown(PAIR, "10m");
    assert.equal(await mgr.setCooldown(PAIR, "1m", { replace: true }), new Date(NOON + MINUTE));
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + MINUTE));
    assert.equal(await mgr.setCooldown(PAIR, "30s", { replace: false }), new Date(NOON + MINUTE));
    assert.equal(await mgr.setCooldown(PAIR, 0, { replace: true }), new Date(NOON));
    assert.is(await mgr.isOnCooldown(PAIR), false);
  });

  test("an expired cooldown does not lengthen the next one", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.setCooldown(PAIR, "1h");
    clock.now += 2 * HOUR;
    assert.equal(await mgr.setCooldown(PAIR, "1m"), new Date(NOON + 2 * HOUR + MINUTE));
  });

  test("a cooldown of zero blocks nothing", async () => {
    await using mgr = await open();
    await mgr.setCooldown(PAIR, 0);
    assert.is(await mgr.isOnCooldown(PAIR), false);
  });

  test("a side's cooldown blocks that side only", async () => {
    await using mgr = await open();
    await mgr.setCooldown(PAIR, "1h", { side: "long" });
    const blocked = await Promise.all(SIDES.map((side) => mgr.isOnCooldown(PAIR, side)));
    assert.equal(blocked, [false, true, false]);
    assert.equal(Object.keys((await mgr.getSignalState()).cooldowns), [`${PAIR}|long`]);
  });

  test("a pair's cooldown blocks both sides", async () => {
    await using mgr = await open();
    await mgr.setCooldown(PAIR, "1h");
    const blocked = await Promise.all(SIDES.map((side) => mgr.isOnCooldown(PAIR, side)));
    assert.equal(blocked, [true, true, true]);
  });

  test("the cooldown of all pairs blocks every pair, of a side that side of every pair", async () => {
    await using mgr = await open();
    await mgr.setCooldown("*", "1h", { side: "short" });
    assert.equal(await Promise.all(SIDES.map((side) => mgr.isOnCooldown(PAIR, side))), [false, false, true]);
    assert.equal(await Promise.all(SIDES.map((side) => mgr.isOnCooldown("*", side))), [false, false, true]);
    await mgr.setCooldown("*", "1h");
    assert.equal(await Promise.all(SIDES.map((side) => mgr.isOnCooldown(PAIR, side))), [true, true, true]);
    assert.equal(await Promise.all(SIDES.map((side) => mgr.isOnCooldown("ETH/USDT", side))), [true, true, true]);
  });

  test("of several cooldowns the latest end counts", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const set = [
      [PAIR, "1m", {}],
      [PAIR, "2m", { side: "long" }],
      ["*", "3m", { side: "short" }],
    ] as const;
    for (const [pair, duration, options] of set) await mgr.setCooldown(pair, duration, options);
    const ends = await Promise.all(SIDES.map((side) => mgr.getCooldown(PAIR, side)));
    assert.equal(
      ends.map((end) => Number(end) - NOON),
      [MINUTE, 2 * MINUTE, 3 * MINUTE],
    );
    await mgr.setCooldown("*", "4m");
    assert.equal(await mgr.getCooldown(PAIR, "long"), new Date(NOON + 4 * MINUTE));
  });

  test("clearing a pair ends its own cooldowns, both sides' included, and no other's", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const pair of [PAIR, "ETH/USDT", "*"])
      for (const side of SIDES) await mgr.setCooldown(pair, "1h", { ...(side && { side }) });
    assert.is(await mgr.clearCooldown(PAIR), true);
    assert.is(await mgr.clearCooldown(PAIR), false);
    assert.equal(Object.keys((await mgr.getSignalState()).cooldowns), [
      "*",
      "*|long",
      "*|short",
      "ETH/USDT",
      "ETH/USDT|long",
      "ETH/USDT|short",
    ]);
    assert.is(await mgr.isOnCooldown(PAIR), true);
    assert.is(await mgr.clearCooldown("*"), true);
    assert.equal(await Promise.all(SIDES.map((side) => mgr.isOnCooldown(PAIR, side))), [false, false, false]);
  });

  test("clearing a side ends that side's cooldown only", async () => {
    await using mgr = await open();
    for (const side of SIDES) await mgr.setCooldown(PAIR, "1h", { ...(side && { side }) });
    assert.is(await mgr.clearCooldown(PAIR, "long"), true);
    assert.is(await mgr.clearCooldown(PAIR, "long"), false);
    assert.equal(Object.keys((await mgr.getSignalState()).cooldowns), [PAIR, `${PAIR}|short`]);
    assert.is(await mgr.isOnCooldown(PAIR, "long"), true);
  });

  test("clearing tells whether anything was active, also when only a side was", async () => {
    await using mgr = await open();
    assert.is(await mgr.clearCooldown(PAIR), false);
    await mgr.setCooldown(PAIR, "1h", { side: "short" });
    assert.is(await mgr.clearCooldown(PAIR, "long"), false);
    assert.is(await mgr.clearCooldown(PAIR), true);
    assert.is(await mgr.isOnCooldown(PAIR, "short"), false);
  });

  test("of twenty cooldowns set at once the longest stands", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await Promise.all(Array.from({ length: 20 }, (_, i) => mgr.setCooldown(PAIR, ((i * 7) % 20) + 1)));
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + 20));
  });

  test("pairs may be any text, and cooldowns are told by name in one order", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const pair of EXOTIC_NAMES) {
      await mgr.setCooldown(pair, "1h", { side: "long", reason: pair });
      assert.is(await mgr.isOnCooldown(pair, "long"), true);
    }
    const { cooldowns } = await mgr.getSignalState();
    assert.equal(Object.keys(cooldowns), EXOTIC_NAMES.map((pair) => `${pair}|long`).sort());
    for (const pair of EXOTIC_NAMES) assert.is(await mgr.clearCooldown(pair), true);
    assert.equal((await mgr.getSignalState()).cooldowns, {});
  });

  test("cooldowns that are over are forgotten as others come, and those that are not stay", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const kept = async () => (await mgr.exportFlow()).entries["signals:cooldowns"];
    await mgr.setCooldown("STAYS/USDT", "1h");
    await mgr.setCooldown("STAYS/USDT", "1h", { side: "short" });
    for (let n = 0; n < 200; n++) {
      clock.now += 2;
      await mgr.setCooldown(`COIN${n}/USDT`, 1);
      assert.ok((await kept()).length <= 64, `${n}`);
    }
    const names = (await kept()).map(([name]) => name);
    assert.ok(names.includes("STAYS/USDT") && names.includes("STAYS/USDT|short") && names.includes("COIN199/USDT"));
    for (let n = 0; n < 100; n++) await mgr.setCooldown(`LONG${n}/USDT`, "1h");
    assert.is(Object.keys((await mgr.getSignalState()).cooldowns).length, 102 + 1, "and the last of those of 1 ms");
    clock.now += 2 * HOUR;
    for (let n = 0; n < 64; n++) await mgr.setCooldown(`NEW${n}/USDT`, "1h");
    assert.equal((await kept()).length, 64);
  });

  test("a cooldown that an entry or the end of a trade sets is forgotten alike", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (let n = 0; n < 100; n++) {
      const pair = `COIN${n}/USDT`;
      clock.now += 10;
      await mgr.admit({ signalId: `s${n}`, orderId: `o${n}`, pair, side: "long", size: 1, price: 1, cooldown: 1 });
      const { order } = await mgr.recordFill(`o${n}`, { fillId: "f", price: 1, size: 1 });
      assert.is(order?.status, "filled");
      clock.now += 10;
      await mgr.closePosition(`o${n}`, { pnl: 0, cooldown: 1 });
    }
    assert.ok((await mgr.exportFlow()).entries["signals:cooldowns"].length <= 64);
  });
};
