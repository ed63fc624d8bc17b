/** What the doctor finds, of faults that are made for real. */
import { suite } from "uvu";
import { duckdbDoctor } from "./doctor/duckdb.suite.js";
import { redisDoctor } from "./doctor/redis.suite.js";
import { TransferStand } from "./transfer/stand.js";

const stand = await TransferStand.start();

redisDoctor(stand);
duckdbDoctor(stand);

const end = suite("doctor: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
