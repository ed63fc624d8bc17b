import * as assert from "uvu/assert";
import { ConnectionError, InvalidArgumentError, type StateManager, UnknownFlowError } from "../../src/index.js";
import { newFlowId } from "./backends.js";
import { Clock } from "./clock.js";
import { failure } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

async function assertNotOpen(mgr: StateManager): Promise<void> {
  for (const call of [mgr.getPositions(), mgr.savePosition(LONG), mgr.snapshot(), mgr.heartbeat()]) {
    const error = await failure(call);
    assert.instance(error, ConnectionError);
    assert.match(error.message, /not open: call connect\(\) first/);
  }
}

export const lifecycle: Theme = (test, open, { durable }) => {
  test("a manager that was closed answers nothing until it is connected again", async () => {
    const mgr = await open();
    await mgr.savePosition(LONG);
    await mgr.close();
    await assertNotOpen(mgr);
    await mgr.connect();
    assert.is((await mgr.getPositions()).length, 1);
    await mgr.close();
  });

  test("closing twice, or before connecting, is fine", async () => {
    const mgr = await open();
    await mgr.close();
    await mgr.close();
    await assertNotOpen(mgr);
  });

  test("close waits for what is in flight, and what was asked before it happens", async () => {
    const mgr = await open();
    const saving = Array.from({ length: 20 }, (_, i) => mgr.savePosition({ ...LONG, id: `p${i}` }));
    let saved = 0;
    for (const call of saving) call.then(() => saved++).catch(() => {});
    await mgr.close();
    await new Promise(setImmediate);
    assert.is(saved, 20);
    await mgr.connect();
    assert.is((await mgr.getPositions()).length, 20);
    await mgr.close();
  });

  test("a manager told to open an existing flow makes none, and the flow that comes later is a new one", async () => {
    const flowId = newFlowId();
    const error = await failure(open({ risk: { max_daily_trades: 3 } }, { flowId, existing: true }));
    assert.instance(error, UnknownFlowError);
    assert.match(error.message, flowId);
    await using mgr = await open({}, { flowId });
    assert.equal(await mgr.getRiskLimits(), {});
    assert.equal(await mgr.getEvents(), []);
  });

  if (durable) {
    test("a manager told to open an existing flow finds all of it, and leaves its limits as they are", async () => {
      const flowId = newFlowId();
      const mgr = await open({ risk: { max_daily_loss: 5, max_daily_trades: 3 } }, { flowId });
      await mgr.savePosition(LONG);
      const { at: _, ...before } = await mgr.snapshot();
      const events = await mgr.getEvents();
      await mgr.close();
      const visitor = await open({ risk: { max_daily_loss: 100 } }, { flowId, existing: true });
      const { at: __, ...seen } = await visitor.snapshot();
      assert.equal(seen, before);
      assert.equal(await visitor.getEvents(), events);
      assert.is(await visitor.removePosition(LONG.id), true);
      await visitor.close();
      await using again = await open({}, { flowId });
      assert.equal(await again.getPositions(), []);
    });
  }

  test("existing is true or false", async () => {
    // @ts-expect-error: what a caller without types may give
    const error = await failure(open({}, { existing: "yes" }));
    assert.instance(error, InvalidArgumentError);
    assert.match(error.message, /^options\.existing: /);
  });

  test("await using closes the manager", async () => {
    let kept: StateManager;
    {
      await using mgr = await open();
      kept = mgr;
      await mgr.heartbeat();
    }
    await assertNotOpen(kept);
  });

  test("calls made at once are answered one by one, in their order", async () => {
    await using mgr = await open();
    const versions = await Promise.all(Array.from({ length: 50 }, () => mgr.savePosition(LONG)));
    assert.equal(
      versions.map(({ version }) => version),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });

  test("a clock that does not give a time makes the call fail and changes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const good = clock.now;
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 1e15]) {
      clock.now = bad;
      for (const call of [mgr.savePosition(LONG), mgr.getRiskState(), mgr.markSignalProcessed("s1", LONG.pair)]) {
        const error = await failure(call);
        assert.instance(error, InvalidArgumentError);
        assert.match(error.message, /^options\.clock\(\): /);
      }
    }
    clock.now = good;
    assert.equal(await mgr.getPositions(), []);
    assert.is(await mgr.markSignalProcessed("s1", LONG.pair), true);
  });

  if (durable) {
    test("a flow outlives its manager: the next one finds everything and the same epoch", async () => {
      const first = await open();
      await first.savePosition(LONG);
      await first.markSignalProcessed("s1", LONG.pair);
      const { epoch, positions } = await first.snapshot();
      await first.close();
      await using second = await open({}, { flowId: first.flowId });
      const found = await second.snapshot();
      assert.equal(found.positions, positions);
      assert.is(found.epoch, epoch);
      assert.is(await second.markSignalProcessed("s1", LONG.pair), false);
    });
  }
};
