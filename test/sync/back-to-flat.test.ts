/** Whether fills say who built a position. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { leadsBackToFlat } from "../../sync/plan/back-to-flat.js";
import type { ExchangeFill, ExchangePosition } from "../../sync/port/exchange.js";

const PAIR = "BTC/USDT";
const test = suite("back to flat");

/** `+2` bought, `-1` sold; a letter behind it names the side of the position. */
function fills(...moves: string[]): ExchangeFill[] {
  return moves.map((move, i) => {
    const [, sign, size, side] = /^([+-])([\d.]+)([ls]?)$/.exec(move) ?? [];
    return {
      fillId: String(i),
      pair: PAIR,
      side: sign === "+" ? "buy" : "sell",
      size: Number(size),
      price: 100,
      fee: 0,
      ts: new Date(i),
      ...(side && { positionSide: side === "l" ? "long" : "short" }),
    };
  });
}

const row = (side: "long" | "short", size: number): ExchangePosition => ({ pair: PAIR, side, size });

test("a position is explained when its fills taken back leave nothing, and not when some are missing", () => {
  const long2 = [row("long", 2)];
  assert.ok(leadsBackToFlat(fills("+3", "-1"), long2, "netting", 1e-9));
  assert.not(leadsBackToFlat(fills("+1"), long2, "netting", 1e-9));
  assert.not(leadsBackToFlat([], long2, "netting", 1e-9));
  assert.ok(leadsBackToFlat([], [], "netting", 1e-9), "nothing needs no fill");
  assert.ok(leadsBackToFlat(fills("-0.3"), [row("short", 0.3)], "netting", 1e-9));
});

test("what was before the account was flat does not matter, and a fill that turned the position went through flat", () => {
  assert.ok(leadsBackToFlat(fills("+5", "-5", "+2"), [row("long", 2)], "netting", 1e-9));
  assert.ok(leadsBackToFlat(fills("-4", "+6"), [row("long", 2)], "netting", 1e-9));
  assert.ok(leadsBackToFlat(fills("+6"), [row("long", 2)], "netting", 1e-9), "4 short were before it");
});

test("sizes that doubles cannot hold come to nothing all the same", () => {
  assert.ok(leadsBackToFlat(fills("+0.1", "+0.2"), [row("long", 0.30000000000000004)], "netting", 1e-9));
});

test("in hedge mode each side is walked by its own fills, and one that names no side ends the walk", () => {
  const both = [row("long", 2), row("short", 1)];
  assert.ok(leadsBackToFlat(fills("+2l", "-1s"), both, "hedge", 1e-9));
  assert.ok(leadsBackToFlat(fills("+2l", "-1s"), both, undefined, 1e-9), "both sides of a pair mean hedge mode");
  assert.not(leadsBackToFlat(fills("+2", "-1s"), both, "hedge", 1e-9));
  assert.not(leadsBackToFlat(fills("+2l", "-1s", "+1"), both, "hedge", 1e-9));
  assert.ok(leadsBackToFlat(fills("+1", "+2l", "-1s"), both, "hedge", 1e-9), "older than what matters");
});

test("on spot a fee in the coin itself is no part of what is held", () => {
  const [bought] = fills("+1");
  assert.ok(bought);
  const held = [row("long", 0.999)];
  assert.ok(leadsBackToFlat([{ ...bought, feeBase: 0.001 }], held, "spot", 1e-9));
  assert.ok(leadsBackToFlat([bought], held, "spot", 1e-9), "more was bought than is held: it was flat before");
  assert.not(leadsBackToFlat([{ ...bought, feeBase: 0.002 }], held, "spot", 1e-9));
});

test.run();
