import { getEventListeners } from "node:events";
import * as assert from "uvu/assert";
import { ConnectionError, type StateEvent, StateManager } from "../../src/index.js";
import { another } from "./another.js";
import { Clock } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

const PAIR = LONG.pair;

/** The next so many events of a watcher. */
export async function next(watcher: AsyncIterator<StateEvent>, count: number): Promise<StateEvent[]> {
  const events: StateEvent[] = [];
  while (events.length < count) {
    const { value, done } = await watcher.next();
    if (done) throw new Error(`the watcher ended after ${events.length} of ${count} events`);
    events.push(value);
  }
  return events;
}

/** Asserts that a watcher has ended. */
async function ended(watcher: AsyncIterator<StateEvent>): Promise<void> {
  assert.equal(await watcher.next(), { value: undefined, done: true });
}

export const watching: Theme = (test, open) => {
  test("a watcher sees every change from now on, in order, and none from before", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    const watcher = mgr.watch();
    const first = next(watcher, 1);
    await mgr.markSignalProcessed("s1", PAIR);
    await first;
    for (let i = 2; i <= 50; i++) await mgr.markSignalProcessed(`s${i}`, PAIR);
    const seen = [...(await first), ...(await next(watcher, 49))];
    assert.equal(seen, (await mgr.getEvents()).slice(1));
  });

  test("a watcher starts where it was made, however late its first event is asked for", async () => {
    await using mgr = await open();
    await mgr.savePosition(LONG);
    const watcher = mgr.watch();
    await mgr.getPositions(); // asked after the watcher was made, answered after its place was found
    await mgr.updateEquity(1);
    await mgr.updateEquity(2);
    const seen = await next(watcher, 2);
    assert.equal(
      seen.map(({ type }) => type),
      ["equity_updated", "equity_updated"],
    );
  });

  test("a watcher from a given event on sees all that came after it", async () => {
    await using mgr = await open();
    for (let i = 0; i < 10; i++) await mgr.updateEquity(i);
    const all = await mgr.getEvents();
    for (const [i, { id }] of all.slice(0, -1).entries()) {
      assert.equal(await next(mgr.watch({ after: id }), all.length - i - 1), all.slice(i + 1));
    }
    const watcher = mgr.watch({ after: "0-0" });
    assert.equal(await next(watcher, 10), all);
    const more = next(watcher, 1);
    await mgr.updateEquity(99);
    assert.equal(await more, (await mgr.getEvents()).slice(10));
  });

  test("more events than fit on a page are seen without a gap", async () => {
    await using mgr = await open();
    await Promise.all(Array.from({ length: 1_234 }, (_, i) => mgr.markSignalProcessed(`s${i}`, PAIR)));
    const seen = await next(mgr.watch({ after: "0-0" }), 1_234);
    assert.equal(seen, await mgr.getEvents({ limit: 10_000 }));
  });

  test("the changes of two managers at once are seen by watchers of both, all of them in one order", async () => {
    await using mgr = await open();
    await using second = await another(mgr, open);
    const { other } = second;
    const count = 400;
    const watchers = [mgr.watch(), mgr.watch(), other.watch(), other.watch({ after: "0-0" })];
    const watching = watchers.map((watcher) => next(watcher, count));
    await Promise.all([mgr.getPositions(), other.getPositions()]);
    await Promise.all(
      Array.from({ length: count / 2 }, async (_, i) => {
        await Promise.all([mgr.savePosition({ ...LONG, id: `a${i}` }), other.savePosition({ ...LONG, id: `b${i}` })]);
      }),
    );
    const all = await mgr.getEvents({ limit: 10_000 });
    assert.is(all.length, count);
    for (const seen of await Promise.all(watching)) assert.equal(seen, all);
  });

  test("a breaker that one bot trips is seen by the other's watcher, with its cause", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 5 } });
    await using second = await another(mgr, open);
    const watcher = second.other.watch();
    const seen = next(watcher, 1);
    await second.other.getPositions();
    await mgr.updateDailyPnl(-5);
    const [event] = await seen;
    assert.ok(event?.type === "pnl_booked" && event.risk.tripped);
    assert.is(event.risk.breaker?.source, "daily_loss");
    assert.is(event.instance, mgr.instanceId);
  });

  test("a watcher ends when its signal aborts: before it began, while it waits, and between two events", async () => {
    await using mgr = await open();
    await mgr.updateEquity(1);
    await mgr.updateEquity(2);
    await ended(mgr.watch({ after: "0-0", signal: AbortSignal.abort() }));
    await ended(mgr.watch({ signal: AbortSignal.abort() }));

    const waiting = new AbortController();
    const idle = mgr.watch({ signal: waiting.signal });
    const nothing = ended(idle);
    await mgr.getPositions();
    waiting.abort();
    await nothing;
    await ended(idle);

    const between = new AbortController();
    const watcher = mgr.watch({ after: "0-0", signal: between.signal });
    await next(watcher, 1);
    between.abort();
    await ended(watcher);
  });

  test("a loop over a watcher ends when the signal aborts", async () => {
    await using mgr = await open();
    const stop = new AbortController();
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) await mgr.updateEquity(i);
    for await (const { id } of mgr.watch({ after: "0-0", signal: stop.signal })) {
      seen.push(id);
      if (seen.length === 3) stop.abort();
    }
    assert.is(seen.length, 3);
  });

  test("a loop that is left gives up its watcher; another one goes on", async () => {
    await using mgr = await open();
    await mgr.updateEquity(1);
    const other = mgr.watch();
    const seen = next(other, 1);
    const left = mgr.watch({ after: "0-0" });
    for await (const event of left) {
      assert.is(event.type, "equity_updated");
      break;
    }
    await ended(left);
    await mgr.updateEquity(2);
    await seen;
  });

  test("closing the manager ends its watchers", async () => {
    await using mgr = await open();
    await mgr.updateEquity(1);
    const watchers = [mgr.watch(), mgr.watch({ after: "0-0" }), mgr.watch({ signal: new AbortController().signal })];
    const [, behind] = watchers;
    if (behind) await next(behind, 1);
    const waiting = watchers.map((watcher) => ended(watcher));
    await mgr.getPositions();
    await mgr.close();
    await Promise.all(waiting);
    await Promise.all(watchers.map((watcher) => ended(watcher)));
  });

  test("connecting once more does not lose a watcher: closing still ends it", async () => {
    await using mgr = await open();
    const watcher = ended(mgr.watch());
    await mgr.connect().catch((error: unknown) => assert.instance(error, ConnectionError));
    await mgr.close();
    await watcher;
  });

  test("a manager that is not open has nothing to watch, and says so", async () => {
    await using opened = await open();
    const mgr = StateManager.fromConfig(opened.flowId, { backend: "memory" });
    await opened.close();
    for (const closed of [mgr, opened]) {
      for (const watcher of [closed.watch(), closed.watch({ after: "0-0" })]) {
        const error = await failure(watcher.next());
        assert.instance(error, ConnectionError);
        assert.match(error.message, /not open: call connect\(\) first/);
      }
    }
    await opened.connect();
    await opened.updateEquity(1);
    assert.is((await next(opened.watch({ after: "0-0" }), 1)).length, 1);
  });

  test("a watcher that asks for events that are gone is told so first, and then sees all that are left", async () => {
    await using mgr = await open({ events: { max_length: 10 } });
    await mgr.updateEquity(0);
    const [first] = await mgr.getEvents();
    assert.ok(first);
    await Promise.all(Array.from({ length: 300 }, (_, i) => mgr.updateEquity(i + 1)));
    const kept = await mgr.getEvents();
    const watcher = mgr.watch({ after: first.id });
    const [marker, ...events] = await next(watcher, kept.length + 1);
    assert.equal(marker, { type: "history_trimmed", id: first.id, at: new Date(0), instance: "", after: first.id });
    assert.equal(events, kept);
    const more = next(watcher, 1);
    await mgr.updateEquity(1000);
    assert.is((await more)[0]?.type, "equity_updated");
  });

  test("a watcher that falls behind what is kept is told where it missed something, and goes on", async () => {
    await using mgr = await open({ events: { max_length: 10 } });
    await mgr.updateEquity(0);
    const watcher = mgr.watch({ after: "0-0" });
    const [first] = await next(watcher, 1);
    await Promise.all(Array.from({ length: 300 }, (_, i) => mgr.updateEquity(i + 1)));
    const kept = await mgr.getEvents();
    const [marker, ...events] = await next(watcher, kept.length + 1);
    assert.ok(marker?.type === "history_trimmed" && marker.after === first?.id);
    assert.equal(events, kept);
  });

  test("a flow that keeps no events has nothing to see", async () => {
    await using mgr = await open({ events: { max_length: 0 } });
    const stop = new AbortController();
    const watcher = ended(mgr.watch({ signal: stop.signal }));
    for (let i = 0; i < 5; i++) await mgr.updateEquity(i);
    stop.abort();
    await watcher;
  });

  test("watching does not keep others waiting: changes and reads go on", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const stop = new AbortController();
    const watchers = Array.from({ length: 20 }, () =>
      ended(mgr.watch({ signal: stop.signal, after: "999999999999999" })),
    );
    for (let i = 0; i < 20; i++) await mgr.updateEquity(i);
    assert.is((await mgr.getRiskState()).peakEquity, 19);
    stop.abort();
    await Promise.all(watchers);
  });

  test("a watcher that has ended leaves no listener on its signal", async () => {
    await using mgr = await open();
    const { signal } = new AbortController();
    for (let i = 0; i < 20; i++) {
      const watcher = mgr.watch({ signal });
      const seen = next(watcher, 1);
      await mgr.getPositions();
      await mgr.updateEquity(i);
      await seen;
      await watcher.return?.();
    }
    assert.is(getEventListeners(signal, "abort").length, 0);
  });

  test("a place or a signal of another kind is refused", async () => {
    await using mgr = await open();
    const watch = async (options: unknown) => Reflect.apply(mgr.watch, mgr, [options]).next();
    for (const after of ["", "x", "1-2-3", "-1", "$", 5, null]) await refused(watch({ after }), "after");
    for (const signal of ["x", {}, 5]) await refused(watch({ signal }), "signal");
    await refused(watch({ since: "0-0" }), "options.since");
  });
};
