import { suite } from "uvu";
import * as assert from "uvu/assert";
import { derivedOrderId, digestOf, flowDigest } from "../../src/words/client-order-id.js";

const test = suite("client order ids");

test("an id is 32 letters and digits, and carries its flow's digest", () => {
  for (const origin of ["sfo", "sfr"] as const) {
    for (const flow of ["bot", "a", "x".repeat(128)]) {
      const id = derivedOrderId(origin, flow, "signal 1");
      assert.match(id, /^sf[or][0-9a-f]{29}$/);
      assert.is(digestOf(id), flowDigest(flow));
    }
  }
});

test("the same flow and parts give the same id for good, whichever version derives it", () => {
  assert.is(flowDigest("bot"), "265a4cc7");
  assert.is(derivedOrderId("sfo", "bot", "s1"), "sfo265a4cc7a63af4759206040c54300");
  assert.is(derivedOrderId("sfr", "bot", "7", "BTC/USDT long", "1"), "sfr265a4cc7ad6c166d9d224f140e392");
});

test("another flow, another part, and parts split elsewhere give another id", () => {
  const ids = [
    derivedOrderId("sfr", "bot", "1", "a", "1"),
    derivedOrderId("sfr", "bot2", "1", "a", "1"),
    derivedOrderId("sfr", "bot", "1", "a", "2"),
    derivedOrderId("sfr", "bot", "1", "a1"),
    derivedOrderId("sfr", "bot", "11", "a"),
    derivedOrderId("sfo", "bot", "1", "a", "1"),
  ];
  assert.is(new Set(ids).size, ids.length);
});

test("ids of others, and those from before ids told their flow, carry no digest", () => {
  const before = `sf${"0".repeat(30)}`;
  const closing = `sfz${"0".repeat(29)}`;
  const id = derivedOrderId("sfo", "bot", "s1");
  for (const other of [before, closing, "entry-1", "", `${id}0`, id.slice(1), id.toUpperCase(), `x-${id}`]) {
    assert.is(digestOf(other), undefined, other);
  }
});

test.run();
