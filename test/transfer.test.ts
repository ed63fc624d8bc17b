/** Moving whole flows between Redis, DuckDB and files. */
import { suite } from "uvu";
import { copying } from "./transfer/copying.js";
import { killing } from "./transfer/killing.js";
import { TransferStand } from "./transfer/stand.js";

const stand = await TransferStand.start();

copying(stand);
killing(stand);

const end = suite("transfer: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
