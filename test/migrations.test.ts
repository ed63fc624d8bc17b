/** Flows of older schemas, brought to this version's. */
import { suite } from "uvu";
import { currencies } from "./migrations/currencies.js";
import { duckdbMigrations } from "./migrations/duckdb.js";
import { moving } from "./migrations/moving.js";
import { redisMigrations } from "./migrations/redis.js";
import { MigrationStand } from "./migrations/stand.js";
import { walking } from "./migrations/walking.js";

const stand = await MigrationStand.start();

walking();
currencies(stand);
redisMigrations(stand);
duckdbMigrations(stand);
moving(stand);

const end = suite("migrations: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
