/** Eight bots of three flows in two accounts race while bots are killed and replies lost, judged from their logs: `judge.ts` says by which rules. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LONG } from "../long.js";
import { startRedis } from "../servers/redis.js";
import { playRace } from "./playing-race.js";

const test = suite("accounts, racing");
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));

const redis = await startRedis();
test.after(() => redis.stop());

test(`eight bots of three flows keep the limits of flows and accounts, and trip their breakers when due, seed ${seed}`, async () => {
  const { verdict, kills, moves, lostReplies } = await playRace(redis, { seed, steps: LONG ? 600 : 80, kills: 6 });
  assert.equal(verdict.wrongs, [], `seed ${seed}`);
  const counts = JSON.stringify({ ...verdict, refused: [...verdict.refused].sort(), kills, moves, lostReplies });
  assert.ok(kills === 6 && lostReplies > 10 && verdict.looks > 50, counts);
  assert.ok(verdict.admitted > 50 && verdict.fills > 50 && verdict.accountTrips > 2 && verdict.flowTrips > 2, counts);
  assert.equal([moves, verdict.leaves, verdict.joins], [20, 4, 7], counts);
  assert.equal([...verdict.restored].sort(), ["inside", "inside", "inside", "inside", "outside", "outside"], counts);
  for (const reason of [
    "account_max_open_positions",
    "account_max_exposure",
    "account_circuit_breaker",
    "circuit_breaker",
  ]) {
    assert.ok((verdict.refused.get(reason) ?? 0) > 0, `${reason}: ${counts}`);
  }
});

test.run();
