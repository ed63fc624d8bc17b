/** Copies that are killed at every step. */
import { suite } from "uvu";
import { killing } from "./transfer/killing.suite.js";
import { TransferStand } from "./transfer/stand.js";

const stand = await TransferStand.start();

killing(stand);

const end = suite("transfer: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
