/** A recovery that dies at any of its steps, and is begun again, ends as one that nobody disturbed. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PaperExchange, recover } from "../../sync/index.js";
import { startBackends } from "../contract/backends.js";
import { Clock } from "../contract/clock.js";
import { failure } from "../contract/expect.js";
import { numbers, some } from "../long.js";
import { Death, Life } from "./recovery/mortal.js";
import { calamity, outcome, SCENES, type Scene } from "./recovery/scene.js";

const backends = await startBackends();
const test = suite("recovery that dies");

type Outcome = Awaited<ReturnType<typeof outcome>>;

/** Recovers, dying at a step of the first try (0: at none). Answers what came of it and how many steps it took. */
async function play(name: string, scene: Scene, diesAt: number): Promise<{ found: Outcome; steps: number }> {
  const clock = new Clock();
  const open = backends.openAlike[name];
  if (!open) throw new Error(`no backend ${name}`);
  await using mgr = await open({ events: { max_length: 0 } }, { clock: clock.read, instanceId: "bot" });
  // No two things happen at once: which of two losses came first decides the streak.
  let ticks = 0;
  await using exchange = new PaperExchange({ clock: () => clock.now + ticks++, fees: { maker: 0.0002, taker: 0.001 } });
  await calamity(mgr, exchange, clock);
  const life = new Life(diesAt === 0 ? Number.POSITIVE_INFINITY : diesAt);
  const first = recover(life.share(mgr), life.share(exchange), scene.options);
  if (diesAt > 0) {
    assert.instance(await failure(first), Death);
    if (diesAt > 2) assert.ok(await mgr.getRecovery(), `entries go ahead after step ${diesAt}`);
    const second = await recover(mgr, exchange, scene.options);
    assert.is(second.status, "recovered", `step ${diesAt}`);
  } else {
    assert.is((await first).status, "recovered");
  }
  assert.is(await mgr.getRecovery(), undefined);
  return { found: await outcome(mgr, exchange), steps: life.steps };
}

for (const scene of SCENES) {
  for (const name of ["memory", "duckdb", "redis"]) {
    test(`${scene.name}, on ${name}: at whichever step it dies, the next one ends alike, and no order is sent twice`, async () => {
      const undisturbed = await play(name, scene, 0);
      assert.ok(undisturbed.steps > 50, `${undisturbed.steps} steps`);
      assert.equal(undisturbed.found.refused, []);
      // Memory dies more often than the others: they run the same recovery.
      for (const step of some(numbers(1, undisturbed.steps - 1), name === "memory" ? 20 : 6)) {
        const { found } = await play(name, scene, step);
        assert.equal(found, undisturbed.found, `dead at step ${step}`);
      }
    });
  }
}

test("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});

test.run();
