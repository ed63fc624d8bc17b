/** Moving whole flows between Redis, DuckDB and files. */
import { suite } from "uvu";
import { backups } from "./transfer/backups.suite.js";
import { copying } from "./transfer/copying.suite.js";
import { importScripts } from "./transfer/import-scripts.suite.js";
import { TransferStand } from "./transfer/stand.js";

const stand = await TransferStand.start();

importScripts(stand);
copying(stand);
backups(stand);

const end = suite("transfer: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
