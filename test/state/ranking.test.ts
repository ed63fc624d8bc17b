import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareBytes, inOrder, Ranking } from "../../src/state/ranking.js";
import { ChangeLog } from "../../src/state/table.js";

const test = suite("ranking");

interface Ranked {
  id: string;
  score: number;
}

/** What a Redis sorted set would show: by score, then by the bytes of the id. */
function sorted(model: ReadonlyMap<string, number>): Ranked[] {
  return [...model]
    .map(([id, score]) => ({ id, score }))
    .sort((a, b) => a.score - b.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
}

function assertSame(ranking: Ranking, model: ReadonlyMap<string, number>): void {
  const expected = sorted(model);
  assert.equal(ranking.newest(Number.MAX_SAFE_INTEGER), expected);
  assert.is(ranking.size, expected.length);
  assert.equal(ranking.oldest(), expected[0]);
  assert.is(ranking.newestScore(), expected.at(-1)?.score);
  assert.equal(ranking.newest(2), expected.slice(-2));
}

const id = fc.constantFrom("a", "b", "B", "é", "\uffee", "\u{1F600}", "\u{1F680}", "ab");
const change = fc.record({ id, score: fc.option(fc.integer({ min: 0, max: 5 })) });

test("it is ordered by score, then by the bytes of the id, after any changes", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const ranking = new Ranking("test", new ChangeLog());
      const model = new Map<string, number>();
      for (const { id: key, score } of changes) {
        if (score === null) assert.is(ranking.delete(key), model.delete(key));
        else {
          ranking.set(key, score);
          model.set(key, score);
        }
        assert.is(ranking.get(key), model.get(key));
        assertSame(ranking, model);
      }
    }),
    { numRuns: 100 },
  );
});

test("undoing changes brings back the order that was", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.array(change, { maxLength: 30 }), (kept, undone) => {
      const log = new ChangeLog();
      const ranking = new Ranking("test", log);
      const apply = ({ id: key, score }: (typeof kept)[number]) =>
        score === null ? ranking.delete(key) : ranking.set(key, score);
      kept.forEach(apply);
      log.take();
      const before = ranking.newest(100);
      undone.forEach(apply);
      log.undo();
      assertSame(ranking, new Map(before.map(({ id: key, score }) => [key, score])));
    }),
  );
});

test("as a queue it stays in order over thousands of ids, however many have left it", () => {
  const ranking = new Ranking("test", new ChangeLog());
  const model = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    ranking.set(`id ${i}`, i);
    model.set(`id ${i}`, i);
    if (i >= 100) {
      const oldest = ranking.oldest();
      assert.is(oldest?.id, `id ${i - 100}`);
      ranking.delete(`id ${i - 100}`);
      model.delete(`id ${i - 100}`);
    }
  }
  assertSame(ranking, model);
  ranking.set("first", -1);
  model.set("first", -1);
  assertSame(ranking, model);
  for (const key of [...model.keys()]) ranking.delete(key);
  assert.is(ranking.oldest(), undefined);
  assert.is(ranking.newestScore(), undefined);
});

test("values are put in order in place, alike ones as they stood", () => {
  const value = fc.record({ rank: fc.nat({ max: 3 }), name: fc.string() });
  fc.assert(
    fc.property(fc.array(value), fc.boolean(), (values, sortedBefore) => {
      const byRank = (a: { rank: number }, b: { rank: number }) => a.rank - b.rank;
      if (sortedBefore) values.sort(byRank);
      const expected = [...values].sort(byRank);
      assert.is(inOrder(values, byRank), values);
      assert.equal(values, expected);
    }),
  );
});

test("texts are compared as their UTF-8 bytes", () => {
  const text = fc.string({ unit: "binary", maxLength: 4 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.is(Math.sign(compareBytes(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(compareBytes("\uffee", "\u{1F600}") < 0);
  assert.ok(compareBytes("\ud7ff", "\u{10000}") < 0);
  assert.ok(compareBytes("a", "ab") < 0);
  assert.is(compareBytes("", ""), 0);
});

test.run();
