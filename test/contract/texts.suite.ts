import fc from "fast-check";
import * as assert from "uvu/assert";
import { newFlowId } from "./backends.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";

/** What Unicode has that something on the way may drop, change or take for the same. */
const ODD = [
  ["a byte order mark", "\u{feff}"],
  ["two of them", "\u{feff}\u{feff}"],
  ["its bytes the other way round", "\u{fffe}"],
  ["the replacement character", "\u{fffd}"],
  ["a zero width space", "\u{200b}"],
  ["a zero width joiner", "\u{200d}"],
  ["a word joiner", "\u{2060}"],
  ["a soft hyphen", "\u{ad}"],
  ["a letter in one piece", "\u{e9}"],
  ["a letter and its accent", "e\u{301}"],
  ["a ligature", "\u{fb01}"],
  ["an overriding direction", "\u{202e}"],
  ["an isolated direction", "\u{2066}"],
  ["a line separator", "\u{2028}"],
  ["a paragraph separator", "\u{2029}"],
  ["line breaks", "\r\n"],
  ["a tab", "\t"],
  ["a control character", "\u{1}"],
  ["delete", "\u{7f}"],
  ["a control character of the second kind", "\u{9b}"],
  ["a no-break space", "\u{a0}"],
  ["an ideographic space", "\u{3000}"],
  ["a variation selector", "\u{fe0f}"],
  ["a flag", "\u{1f1e6}\u{1f1f9}"],
  ["a tag", "\u{e0041}"],
  ["a letter of private use", "\u{e000}"],
  ["the last code point", "\u{10ffff}"],
  ["quotes and backslashes", "'\"\\`$(x)"],
  ["what looks like an escape", "\\u0041%41&#65;"],
] as const;

/** One to a few odd pieces and plain letters: an odd one may stand at the beginning, in the middle, at the end. */
const text = fc
  .array(fc.constantFrom("a", "B", " ", ...ODD.map(([, odd]) => odd)), { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(""));
const anyText = fc.oneof(
  text,
  fc
    .string({ unit: "binary", minLength: 1, maxLength: 20 })
    .filter((each) => each.isWellFormed() && !each.includes("\0") && Buffer.byteLength(each) <= 256),
);

/** Names and words come back as they were given, however odd, and two that differ at all stay two. */
export const texts: Theme = (test, open, { durable, runs }) => {
  test("an id, a pair, a reason and metadata come back as they were, after the flow was closed and opened again, too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyText, { minLength: 2, maxLength: 6 }), async (all) => {
        const flowId = newFlowId();
        let mgr = await open({}, { flowId });
        try {
          const metadata = { [all[0] ?? ""]: all };
          for (const [at, each] of all.entries()) {
            await mgr.savePosition({ ...LONG, id: each, metadata });
            await mgr.saveOrder({ ...BUY, id: each, metadata });
            assert.is(await mgr.markSignalProcessed(each, all[at - 1] ?? "BTC/USDT"), true);
            assert.is((await mgr.updateDailyPnl(1, { tradeId: each })).applied, true);
            await mgr.setCooldown(`${each}/x`, "1h", { reason: each });
          }
          const before = await mgr.snapshot();
          const events = await mgr.getEvents();
          for (const reopened of durable ? [false, true] : [false]) {
            if (reopened) {
              await mgr.close();
              mgr = await open({}, { flowId });
            }
            const { at: _, ...found } = await mgr.snapshot();
            const { at: __, ...told } = before;
            assert.equal(found, told);
            assert.equal(await mgr.getEvents(), events);
            for (const each of all) {
              const position = await mgr.getPosition(each);
              assert.is(position?.id, each);
              assert.equal(position?.metadata, metadata);
              assert.is((await mgr.getOrder(each))?.id, each);
              assert.is(await mgr.markSignalProcessed(each, "BTC/USDT"), false, "won twice");
              assert.is((await mgr.updateDailyPnl(1, { tradeId: each })).applied, false, "booked twice");
              assert.is(await mgr.isOnCooldown(`${each}/x`), true);
            }
            assert.is((await mgr.getPositions()).length, all.length);
          }
        } finally {
          await mgr.close();
        }
      }),
      { numRuns: runs(25) },
    );
  });

  for (const [name, odd] of ODD) {
    test(`${name} at the beginning, in the middle or at the end makes another id`, async () => {
      const flowId = newFlowId();
      const ids = ["sig", `${odd}sig`, `s${odd}ig`, `sig${odd}`];
      let mgr = await open({}, { flowId });
      for (const id of ids) assert.is(await mgr.markSignalProcessed(id, "BTC/USDT"), true);
      if (durable) {
        await mgr.close();
        mgr = await open({}, { flowId });
      }
      for (const id of ids) assert.is(await mgr.markSignalProcessed(id, "BTC/USDT"), false);
      assert.equal(new Set((await mgr.getSignalState()).recentSignalIds), new Set(ids));
      await mgr.close();
    });
  }
};
