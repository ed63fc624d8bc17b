/** Bots of three flows in two accounts race while bots are killed, replies lost, and flows moved, copied and restored; judged from their logs: `judge.ts` says by which rules. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LONG } from "../long.js";
import { startCluster } from "../servers/cluster.js";
import { startRedis } from "../servers/redis.js";
import { playRace, type RacePlan, type RaceReport } from "./playing-race.js";
import { FLOWS } from "./race.js";

const test = suite("accounts, racing");
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));

/** What happens in each round of moves. */
const ROUND = { moves: 14, leaves: 2, restores: 5 };

test(`eight bots of three flows keep the limits of flows and accounts, and trip their breakers when due, seed ${seed}`, async () => {
  await using redis = await startRedis();
  const plan = { seed, bots: 8, steps: LONG ? 600 : 80, kills: 6, rounds: 2 };
  const report = await playRace({ nodes: [redis] }, plan);
  exact(report, plan);
  const { verdict, lostReplies } = report;
  const counts = countsOf(report);
  assert.ok(lostReplies > 10 && verdict.looks > 50, counts);
  assert.ok(verdict.admitted > 50 && verdict.fills > 50 && verdict.accountTrips > 2 && verdict.flowTrips > 2, counts);
  for (const reason of [
    "account_max_open_positions",
    "account_max_exposure",
    "account_circuit_breaker",
    "circuit_breaker",
  ]) {
    assert.ok((verdict.refused.get(reason) ?? 0) > 0, `${reason}: ${counts}`);
  }
});

test(`five bots do so in a cluster, where a flow moves to its account's slot and back, seed ${seed}`, async () => {
  await using cluster = await startCluster();
  const nodeOf = async (key: string) => cluster.nodes.indexOf(await cluster.masterOf(key));
  const plan = { seed, bots: 5, steps: LONG ? 300 : 50, kills: 2, rounds: 1 };
  const report = await playRace({ nodes: cluster.nodes, nodeOf }, plan);
  exact(report, plan);
  const { verdict, lostReplies } = report;
  const counts = countsOf(report);
  assert.ok(lostReplies > 5 && verdict.looks > 20, counts);
  assert.ok(verdict.admitted > 20 && verdict.fills > 20 && verdict.accountTrips > 0, counts);
});

function exact(report: RaceReport, { kills, rounds }: RacePlan): void {
  const { verdict } = report;
  assert.equal(verdict.wrongs, [], `seed ${seed}`);
  const counts = countsOf(report);
  assert.equal([report.kills, report.moves], [kills, rounds * ROUND.moves], counts);
  assert.equal([verdict.leaves, verdict.joins], [rounds * ROUND.leaves, FLOWS.length + rounds * ROUND.leaves], counts);
  // Most of them: what nobody has changed meanwhile is left as it is.
  assert.equal(verdict.restored, report.putBack, counts);
  assert.ok(report.putBack.length > (rounds * ROUND.restores) / 2, counts);
}

function countsOf({ verdict, kills, moves, lostReplies, lostRequests }: RaceReport): string {
  return JSON.stringify({ ...verdict, refused: [...verdict.refused].sort(), kills, moves, lostReplies, lostRequests });
}

test.run();
