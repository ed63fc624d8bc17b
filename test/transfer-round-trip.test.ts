/** Flows that are copied in the middle of a story, and the layout in which they travel. */
import { suite } from "uvu";
import { roundTrip } from "./transfer/round-trip.suite.js";
import { TransferStand } from "./transfer/stand.js";

const stand = await TransferStand.start();

roundTrip(stand);

const end = suite("transfer: end");
end("the server of these tests is let go", async () => {
  await stand[Symbol.asyncDispose]();
});
end.run();
