import * as assert from "uvu/assert";
import type { Position } from "../../src/index.js";
import { Clock, DAY, HOUR, NOON, SECOND } from "./clock.js";
import { everything, failure, refused, sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { DOUBLES, dayOver, EXOTIC_NAMES, LARGEST_METADATA, LONG, METADATA, POSITION } from "./samples.js";

export const positions: Theme = (test, open) => {
  test("a position comes back as it was saved", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition({
      ...LONG,
      entryTs: new Date(NOON),
      tp: 45_000,
      sl: 38_000,
      cooldown: "5m",
      metadata: { strategy: "breakout" },
    });
    assert.equal(saved, {
      ...POSITION,
      tp: 45_000,
      sl: 38_000,
      cooldown: 300_000,
      metadata: { strategy: "breakout" },
    });
    assert.equal(await mgr.getPosition("p1"), saved);
    assert.equal(await mgr.getPositions(), [saved]);
  });

  test("a position saved without the optional fields is entered now, without targets and with empty metadata", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const saved = await mgr.savePosition({ ...LONG, side: "short" });
    assert.equal(saved, { ...POSITION, side: "short" });
    assert.equal(Object.keys(saved).sort(), Object.keys((await mgr.getPosition("p1")) ?? {}).sort());
  });

  test("tp and sl given as null are the same as none", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition({ ...LONG, tp: null, sl: null });
    assert.not("tp" in saved);
    assert.not("sl" in saved);
  });

  test("without a clock of its own a position is entered at the present time", async () => {
    await using mgr = await open();
    const { entryTs } = await mgr.savePosition(LONG);
    assert.ok(Math.abs(entryTs.getTime() - Date.now()) < 60 * SECOND, `entered at ${entryTs.toISOString()}`);
  });

  test("saving a position again replaces all of it and counts its version up", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition({ ...LONG, tp: 45_000, sl: 38_000, metadata: { a: 1 }, entryTs: NOON - DAY });
    const other = { ...LONG, pair: "ETH/USDT", side: "short", size: 3, entryPrice: 2_000 } as const;
    const replaced = await mgr.savePosition(other);
    assert.equal(replaced, { ...POSITION, ...other, version: 2 });
    assert.equal(await mgr.getPositions(), [replaced]);
  });

  test("a position that was read can be saved as it is; the store counts the version", async () => {
    await using mgr = await open();
    const first = await mgr.savePosition({ ...LONG, tp: 45_000 });
    assert.equal(await mgr.savePosition(first), { ...first, version: 2 });
    assert.equal(await mgr.savePosition({ ...first, version: 77 }), { ...first, version: 3 });
  });

  test("a position that is saved was merely saved, whatever it says, and stays so while fills grow and reduce it", async () => {
    await using mgr = await open();
    assert.is((await mgr.savePosition({ ...LONG, openedBy: "fills" })).openedBy, "saved");
    assert.is((await mgr.updatePosition("p1", { size: 2 })).openedBy, "saved");
    await mgr.saveOrder({ id: "in", pair: LONG.pair, side: "buy", size: 1, positionId: "p1" });
    assert.is((await mgr.recordFill("in", { fillId: "f1", price: 50_000, size: 1 })).position?.openedBy, "saved");
    await mgr.saveOrder({ id: "out", pair: LONG.pair, side: "sell", size: 1, intent: "exit", positionId: "p1" });
    assert.is((await mgr.recordFill("out", { fillId: "f1", price: 50_000, size: 1 })).position?.openedBy, "saved");
    assert.is((await mgr.getPosition("p1"))?.openedBy, "saved");
  });

  test("a position that a fill opened stays one, also when it is saved again", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ id: "in", pair: LONG.pair, side: "buy", size: 2, positionId: "p1" });
    assert.is((await mgr.recordFill("in", { fillId: "f1", price: 50_000, size: 1 })).position?.openedBy, "fills");
    assert.is((await mgr.recordFill("in", { fillId: "f2", price: 51_000, size: 1 })).position?.openedBy, "fills");
    assert.is((await mgr.updatePosition("p1", { sl: 45_000 })).openedBy, "fills");
    assert.is((await mgr.savePosition({ ...LONG, openedBy: "saved" })).openedBy, "fills");
    const [listed] = await mgr.getPositions();
    const [shot] = (await mgr.snapshot()).positions;
    const told = [await mgr.getPosition("p1"), listed, shot, (await mgr.closePosition("p1", { pnl: 0 })).position];
    for (const position of told) assert.is(position?.openedBy, "fills");
    assert.is((await mgr.savePosition(LONG)).openedBy, "saved", "another one under its name");
  });

  test("positions come in the order of their entry, then of the bytes of their ids", async () => {
    await using mgr = await open();
    for (const [id, entryTs] of [
      ["z", NOON],
      ["\u{1F600}", NOON],
      ["\uffee", NOON],
      ["a", NOON],
      ["B", NOON],
      ["late", NOON + 1],
      ["early", NOON - 1],
      ["ab", NOON],
    ] as const) {
      await mgr.savePosition({ ...LONG, id, entryTs });
    }
    const ids = (await mgr.getPositions()).map(({ id }) => id);
    assert.equal(ids, ["early", "B", "a", "ab", "z", "\uffee", "\u{1F600}", "late"]);
  });

  test("a flow without positions has none to tell", async () => {
    await using mgr = await open();
    assert.equal(await mgr.getPositions(), []);
    assert.is(await mgr.getPosition("p1"), undefined);
    assert.is(await mgr.removePosition("p1"), false);
  });

  test("sizes and prices come back bit for bit, also after another field has changed", async () => {
    await using mgr = await open();
    for (const [i, value] of DOUBLES.entries()) {
      const id = `p${i}`;
      const prices = { entryPrice: value, tp: value, sl: -value };
      const saved = await mgr.savePosition({ ...LONG, id, size: value, ...prices });
      const updated = await mgr.updatePosition(id, { pair: "ETH/USDT" });
      for (const position of [saved, updated, await mgr.getPosition(id)]) {
        sameDouble(position?.size, value);
        sameDouble(position?.entryPrice, value);
        sameDouble(position?.tp, value);
        sameDouble(position?.sl, -value);
      }
      const third = Math.max(value / 3, Number.MIN_VALUE);
      const patched = await mgr.updatePosition(id, { size: third, sl: value / 7 });
      sameDouble(patched.size, third);
      sameDouble(patched.sl, value / 7);
      sameDouble(patched.tp, value);
    }
  });

  test("prices may be zero or negative, and minus zero is zero", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition({ ...LONG, entryPrice: -37.63, tp: 0, sl: -0 });
    sameDouble(saved.entryPrice, -37.63);
    sameDouble(saved.tp, 0);
    sameDouble(saved.sl, 0);
    assert.equal(await mgr.getPosition("p1"), saved);
  });

  test("ids and pairs may be any text of up to 256 bytes", async () => {
    await using mgr = await open();
    for (const name of EXOTIC_NAMES) {
      await mgr.savePosition({ ...LONG, id: name, pair: name });
      const stored = await mgr.updatePosition(name, { size: 2 });
      assert.is(stored.id, name);
      assert.is(stored.pair, name);
      assert.equal(await mgr.getPosition(name), stored);
    }
    const ids = (await mgr.getPositions()).map(({ id }) => id);
    assert.equal(ids.toSorted(), [...EXOTIC_NAMES].sort());
    for (const name of EXOTIC_NAMES) assert.is(await mgr.removePosition(name), true);
    assert.equal(await mgr.getPositions(), []);
  });

  test("metadata comes back as it was given, from every way to read it", async () => {
    await using mgr = await open();
    for (const metadata of [...METADATA, LARGEST_METADATA, JSON.parse('{"__proto__":{"a":1},"b":2}')]) {
      const expected = JSON.stringify(metadata);
      const saved = await mgr.savePosition({ ...LONG, metadata });
      const updated = await mgr.updatePosition("p1", { tp: 1 });
      const [listed] = await mgr.getPositions();
      const [shot] = (await mgr.snapshot()).positions;
      const patched = await mgr.updatePosition("p1", { metadata });
      const { position: closed } = await mgr.closePosition("p1", { pnl: 0 });
      for (const position of [saved, updated, listed, shot, patched, closed]) {
        assert.is(JSON.stringify(position?.metadata), expected);
      }
    }
  });

  test("a date in metadata comes back as its ISO text", async () => {
    await using mgr = await open();
    const { metadata } = await mgr.savePosition({ ...LONG, metadata: { at: new Date(NOON) } });
    assert.equal(metadata, { at: "2024-03-05T12:00:00.000Z" });
  });

  test("what a caller does to an object afterwards changes nothing in the store", async () => {
    await using mgr = await open();
    const metadata = { list: [1] };
    const entryTs = new Date(NOON);
    const saving = mgr.savePosition({ ...LONG, entryTs, metadata });
    metadata.list.push(2);
    entryTs.setTime(0);
    const saved = await saving;
    saved.metadata.list = "changed";
    saved.entryTs.setTime(0);
    saved.size = 99;
    const [listed] = await mgr.getPositions();
    if (listed) listed.metadata.list = "changed";
    const stored = await mgr.getPosition("p1");
    assert.equal(stored, { ...POSITION, metadata: { list: [1] } });
  });

  test("a patch changes the fields it names and counts the version up", async () => {
    await using mgr = await open();
    const before = await mgr.savePosition({ ...LONG, tp: 45_000, sl: 38_000, metadata: { a: 1 }, entryTs: NOON });
    const steps = [
      { pair: "ETH/USDT" },
      { side: "short" },
      { size: 2 },
      { entryPrice: 1 },
      { entryTs: new Date(NOON + HOUR) },
      { tp: 1 },
      { sl: 0 },
      { metadata: { b: [] } },
    ] as const;
    let expected: Position = before;
    for (const patch of steps) {
      const updated = await mgr.updatePosition("p1", patch);
      expected = { ...expected, ...patch, version: expected.version + 1 };
      assert.equal(updated, expected);
      assert.equal(await mgr.getPosition("p1"), expected);
    }
  });

  test("null in a patch removes tp or sl, undefined leaves a field as it is", async () => {
    await using mgr = await open();
    const { sl, ...rest } = await mgr.savePosition({ ...LONG, tp: 45_000, sl: 38_000 });
    assert.is(sl, 38_000);
    assert.equal(await mgr.updatePosition("p1", { sl: null }), { ...rest, version: 2 });
    const { tp, ...bare } = rest;
    assert.is(tp, 45_000);
    assert.equal(await mgr.updatePosition("p1", { tp: null }), { ...bare, version: 3 });
    const unsaid: { size?: number } = JSON.parse("{}");
    assert.equal(await mgr.updatePosition("p1", { ...unsaid }), { ...bare, version: 4 });
  });

  test("an update of a position that is not there is refused and makes none", async () => {
    await using mgr = await open();
    let asked = 0;
    await refused(mgr.updatePosition("p1", { size: 1 }), "id");
    const fn = () => {
      asked++;
      return { size: 1 };
    };
    await refused(mgr.updatePosition("p1", fn), "id");
    assert.is(asked, 0);
    assert.equal(await mgr.getPositions(), []);
  });

  test("a function is given the position as it is, and its patch is applied to it", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition({ ...LONG, metadata: { adds: 1 } });
    const updated = await mgr.updatePosition("p1", (position) => {
      assert.equal(position, saved);
      return { size: position.size * 2, metadata: { ...position.metadata, adds: 2 } };
    });
    assert.equal(updated, { ...saved, size: 1, metadata: { adds: 2 }, version: 2 });
  });

  test("a function that throws leaves the position as it is and its error goes to the caller", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition(LONG);
    const error = await failure(
      mgr.updatePosition("p1", () => {
        throw new Error("changed my mind");
      }),
    );
    assert.is(error.message, "changed my mind");
    assert.equal(await mgr.getPosition("p1"), saved);
  });

  test("two updaters of different fields at once both survive", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, tp: 1, sl: 1 });
    await Promise.all([
      mgr.updatePosition("p1", { tp: 50_000 }),
      mgr.updatePosition("p1", (position) => ({ sl: position.entryPrice / 2 })),
      mgr.updatePosition("p1", (position) => ({ size: position.size + 1 })),
      mgr.updatePosition("p1", { metadata: { trailing: true } }),
    ]);
    const stored = await mgr.getPosition("p1");
    assert.equal(stored, {
      ...POSITION,
      entryTs: stored?.entryTs,
      tp: 50_000,
      sl: 20_000,
      size: 1.5,
      metadata: { trailing: true },
      openedBy: "saved",
      version: 5,
    });
  });

  test("of twenty increments of one field at once none is lost", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, size: 1 });
    const increments = Array.from({ length: 20 }, () => mgr.updatePosition("p1", ({ size }) => ({ size: size + 1 })));
    const sizes = (await Promise.all(increments)).map(({ size }) => size);
    assert.equal(
      sizes.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 2),
    );
    assert.is((await mgr.getPosition("p1"))?.size, 21);
    assert.is((await mgr.getPosition("p1"))?.version, 21);
  });

  test("removing a position tells whether there was one, and books nothing", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    await mgr.savePosition({ ...LONG, id: "p2" });
    assert.is(await mgr.removePosition("p1"), true);
    assert.is(await mgr.removePosition("p1"), false);
    assert.equal(
      (await mgr.getPositions()).map(({ id }) => id),
      ["p2"],
    );
    assert.is((await mgr.getRiskState()).dailyTrades, 0);
  });

  test("an id that was given up begins again with version 1", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    await mgr.savePosition(LONG);
    await mgr.removePosition("p1");
    assert.is((await mgr.savePosition(LONG)).version, 1);
    await mgr.closePosition("p1", { pnl: 0 });
    assert.is((await mgr.savePosition(LONG)).version, 1);
  });

  test("closing a position removes it and books its result in one step", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const position = await mgr.savePosition({ ...LONG, tp: 1, metadata: { a: [] } });
    const { trade, ...result } = await mgr.closePosition("p1", { pnl: -12.5, equity: 900, reason: "stop" });
    assert.equal([trade], await mgr.getTrades());
    assert.equal(result, {
      closed: true,
      position,
      exitsLeft: [],
      risk: {
        day: "2024-03-05",
        dailyPnl: -12.5,
        dailyTrades: 1,
        consecutiveLosses: 1,
        currentDrawdown: 0,
        peakEquity: 900,
        circuitBreakerActive: false,
      },
      tripped: false,
    });
    assert.equal(await mgr.getRiskState(), result.risk);
    assert.is(await mgr.getPosition("p1"), undefined);
  });

  test("a second close says that nothing was closed and books nothing", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    const first = await mgr.closePosition("p1", { pnl: -5, equity: 100 });
    const before = await everything(mgr);
    const second = await mgr.closePosition("p1", { pnl: -5, equity: 1, cooldown: "1h", reason: "again" });
    assert.equal(second, { closed: false, exitsLeft: [], risk: first.risk, tripped: false });
    assert.equal(await everything(mgr), before);
  });

  test("of eight closers at once exactly one closes, and the result is booked once", async () => {
    await using mgr = await open();
    const position = await mgr.savePosition(LONG);
    const closers = Array.from({ length: 8 }, () => mgr.closePosition("p1", { pnl: -1, cooldown: "1h" }));
    const results = await Promise.all(closers);
    const winners = results.filter(({ closed }) => closed);
    assert.is(winners.length, 1);
    assert.equal(winners[0]?.position, position);
    const { dailyPnl, dailyTrades, consecutiveLosses } = await mgr.getRiskState();
    assert.equal({ dailyPnl, dailyTrades, consecutiveLosses }, { dailyPnl: -1, dailyTrades: 1, consecutiveLosses: 1 });
  });

  test("a close trips the breaker in the same step when its loss reaches a limit", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_daily_loss: 10 } }, { clock: clock.read });
    await mgr.savePosition(LONG);
    await mgr.savePosition({ ...LONG, id: "p2" });
    const harmless = await mgr.closePosition("p1", { pnl: -9.99999999 });
    assert.is(harmless.tripped, false);
    assert.is(harmless.risk.circuitBreakerActive, false);
    const fatal = await mgr.closePosition("p2", { pnl: -0.00000001 });
    assert.is(fatal.tripped, true);
    assert.is(fatal.risk.circuitBreakerActive, true);
    assert.is(fatal.risk.circuitBreakerReason, "daily loss of 10 reached the limit of 10");
    assert.equal(fatal.risk.circuitBreakerUntil, new Date(NOON + HOUR));
  });

  test("a close sets the pair's cooldown, which it never shortens", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const id of ["p1", "p2", "p3"]) await mgr.savePosition({ ...LONG, id });
    await mgr.closePosition("p1", { pnl: 1 });
    assert.is(await mgr.getCooldown(LONG.pair), undefined);
    await mgr.closePosition("p2", { pnl: -1, cooldown: "1h" });
    assert.equal(await mgr.getCooldown(LONG.pair), new Date(NOON + HOUR));
    assert.is(await mgr.getCooldown("ETH/USDT"), undefined);
    clock.now += 10 * SECOND;
    await mgr.closePosition("p3", { pnl: -1, cooldown: "59m" });
    assert.equal(await mgr.getCooldown(LONG.pair), new Date(NOON + HOUR));
  });

  test("a position's own cooldown holds for the pair once it is closed, unless the close names another", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition({ ...LONG, cooldown: "1h" });
    await mgr.updatePosition("p1", { sl: 1 });
    await mgr.closePosition("p1", { pnl: 1 });
    assert.equal(await mgr.getCooldown(LONG.pair), new Date(NOON + HOUR));
    await mgr.savePosition({ ...LONG, pair: "ETH/USDT", cooldown: "1h" });
    await mgr.closePosition("p1", { pnl: 1, cooldown: "10s" });
    assert.equal(await mgr.getCooldown("ETH/USDT"), new Date(NOON + 10 * SECOND));
  });

  test("a close whose sum would leave the range of money is refused and leaves the position open", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    await mgr.updateDailyPnl(-9e15);
    const before = await everything(mgr);
    await refused(mgr.closePosition("p1", { pnl: -0.00000001, equity: 5, cooldown: "1h" }), "pnl");
    assert.equal(await everything(mgr), before);
  });

  test("a close with the time of an earlier day books into that day's history", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition(LONG);
    const { risk } = await mgr.closePosition("p1", { pnl: -7, ts: new Date(NOON - DAY) });
    assert.is(risk.dailyPnl, 0);
    assert.is(risk.dailyTrades, 0);
    assert.is(risk.consecutiveLosses, 1);
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-04", -7, 1, { closed: -7 })]);
  });
};
