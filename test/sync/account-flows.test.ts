/** The other flows of an account, as recovery asks the manager for them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AccountFlow } from "../../src/index.js";
import { heldBy } from "../../sync/recovery/account-flows.js";

const test = suite("account flows");

const POSITION = { id: "a", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 } as const;

function flow(size: number): AccountFlow {
  const position = {
    ...POSITION,
    size,
    entryTs: new Date(0),
    metadata: {},
    version: 1,
    realised: 0,
    fees: 0,
    cash: 0,
    openedBy: "saved" as const,
  };
  return { flowId: "other", readable: true, positions: [position], orders: [] };
}

test("a position that changed shows, and so does a flow that cannot be read any more", () => {
  const lost: AccountFlow = { flowId: "other", readable: false, why: "another Redis" };
  assert.is(heldBy([flow(1)]), heldBy([flow(1)]));
  assert.is.not(heldBy([flow(1)]), heldBy([flow(2)]));
  assert.is.not(heldBy([flow(1)]), heldBy([lost]));
  assert.is(heldBy([lost]), heldBy([{ ...lost, why: "in other words" }]), "the words do not matter");
});

test.run();
