/**
 * Replaying the events of a flow from the first reproduces its snapshot: after every random sequence, on each backend. And what
 * entries are measured by, the slots and the exposure, is what follows from its positions and orders.
 */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StateManager } from "../src/index.js";
import { startBackends } from "./contract/backends.js";
import { Clock, DAY, HOUR } from "./contract/clock.js";
import { everything } from "./contract/expect.js";
import { derivedReservations, toldReservations } from "./contract/reservations.js";
import { LONG } from "./long.js";
import { dayStartOf, type Replayed, Replayer } from "./replay/replayer.js";
import { type Bench, PAIRS, type Sequence, sequence, story } from "./replay/sequences.js";

const RUNS = Number(process.env.RUNS ?? (LONG ? 100 : 35));

/** When the flow is looked at, from the end of the sequence on. */
const LATER = [0, HOUR, DAY, 45 * DAY, -DAY];

const backends = await startBackends();

/** Every type of event that was replayed. */
const seen = new Set<string>();

/** The part of a snapshot that a replay has to reproduce. */
async function told(mgr: StateManager): Promise<Replayed> {
  const { flowId: _, epoch: __, heartbeat: ___, instances: ____, admissions, ...rest } = await everything(mgr);
  const history = rest.history.map(({ parts: _, ...day }) => day);
  const trades = (await mgr.getTrades({ limit: 10_000 })).map(({ fees: _, ...trade }) => trade);
  return { ...rest, admitted: admissions.admitted, history, trades };
}

/** Takes everything away that keeps entries from being measured by slots and exposure. */
async function clearTheWay(mgr: StateManager): Promise<void> {
  await mgr.endRecovery();
  await mgr.resetCircuitBreaker();
  for (const pair of [...PAIRS, "*"]) await mgr.clearCooldown(pair);
  await mgr.setRiskLimits({ max_daily_loss: null, max_daily_trades: null });
}

for (const [name, open] of Object.entries(backends.openAlike)) {
  const test = suite(`${name}: replay`);

  test("replaying the events of a flow from the first reproduces its snapshot, after every random sequence", async () => {
    await fc.assert(
      fc.asyncProperty(sequence, async ({ config, steps }: Sequence) => {
        const clock = new Clock();
        await using mgr = await open(config, { clock: clock.read });
        const bench: Bench = { mgr, clock };
        for (const step of steps) await step.run(bench);

        const { dedup_window, max_ids } = mgr.config.signals;
        const replayer = new Replayer({
          dayStart: dayStartOf(mgr.config.risk.day_start),
          dedupWindow: dedup_window,
          maxIds: max_ids,
        });
        for (const event of await mgr.getEvents({ limit: 10_000 })) {
          replayer.apply(event);
          seen.add(event.type);
        }
        const end = clock.now;
        for (const later of LATER) {
          clock.now = end + later;
          assert.equal(replayer.at(clock.now), await told(mgr));
        }

        clock.now = end;
        await clearTheWay(mgr);
        const derived = await derivedReservations(mgr, PAIRS);
        assert.equal(await toldReservations(mgr, PAIRS), derived);
        await bench.lease?.release();
      }),
      { numRuns: RUNS, reporter: report },
    );
  });

  test.run();
}

/** fast-check would print steps as objects with a function. */
function report(details: fc.RunDetails<[Sequence]>): void {
  if (!details.failed) return;
  const [found] = details.counterexample ?? [];
  const cause = details.errorInstance;
  const why = cause instanceof Error ? cause.message : String(cause);
  const again = `{ seed: ${details.seed}, path: "${details.counterexamplePath}" }`;
  throw new Error(`${again}\n  ${found ? story(found) : ""}\n${why}`, { cause });
}

const end = suite("end");
end("the sequences reached every type of event", () => {
  assert.equal([...seen].sort(), [
    "breaker_reset",
    "breaker_tripped",
    "cash_booked",
    "cooldown_cleared",
    "cooldown_set",
    "difference_found",
    "entry_admitted",
    "equity_started",
    "equity_updated",
    "fill_recorded",
    "lease_acquired",
    "lease_released",
    "limits_set",
    "order_cancelled",
    "order_removed",
    "order_saved",
    "order_updated",
    "pnl_booked",
    "position_closed",
    "position_removed",
    "position_saved",
    "position_updated",
    "recovery_begun",
    "recovery_ended",
    "signal_processed",
    "transfer_recorded",
  ]);
});
end("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});
end.run();
