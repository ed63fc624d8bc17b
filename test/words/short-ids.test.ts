import { suite } from "uvu";
import * as assert from "uvu/assert";
import { meant, shortIds } from "../../src/words/short-ids.js";

const test = suite("words: short ids");

test("an id is as short as it can be told from every other, and no shorter than eight characters", () => {
  const ids = [
    "a-b",
    "0123456789abc",
    "order-2026-01-07-000017",
    "order-2026-01-07-000018-b",
    "order-2026-01-07-000018-cd",
  ];
  const short = shortIds(ids);
  assert.equal(
    ids.map((id) => short.get(id)),
    ["a-b", "01234567…", "order-2026-01-07-000017", "order-2026-01-07-000018-b", "order-2026-01-07-000018-cd"],
  );
  assert.equal(
    [...shortIds(["8f14e45f-ceea", "8f14e45f-dead", "c9f0f895-fb98"]).values()],
    ["8f14e45f-c…", "8f14e45f-d…", "c9f0f895…"],
  );
  assert.is(shortIds(["order-17", "order-170000"]).get("order-17"), "order-17");
});

test("what is shown short is understood, with and without its dots; what may be two is none", () => {
  const ids = ["8f14e45f-ceea", "8f14e45f-dead", "8f14e45f", "c9f0f895-fb98"];
  for (const [id, short] of shortIds(ids)) {
    assert.is(meant(short, ids), id);
    assert.is(meant(short.replace("…", ""), ids), id);
  }
  assert.is(meant("8f14e45f-", ids), undefined);
  assert.is(meant("c9f0", ids), undefined, "too short to be meant");
  assert.is(meant("8f14e45f", ids), "8f14e45f", "the id itself goes first");
});

test.run();
