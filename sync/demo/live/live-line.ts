import { gain, time } from "../../../src/words/in-words.js";
import type { Paint } from "../paint.js";
import type { LiveDeed } from "./live-bot.js";

/** A deed in a line for people. */
export function liveLine(deed: LiveDeed, paint: Paint): string {
  const at = paint("dim", time(deed.at));
  switch (deed.did) {
    case "opened": {
      const { side, size, pair, entryPrice } = deed.position;
      return `${at}  open   ${side.padEnd(5)} ${size} ${pair} at ${entryPrice}`;
    }
    case "closed": {
      const { side, size, pair, pnl, reason } = deed.trade;
      const result = paint((pnl ?? 0) < 0 ? "red" : "green", gain(pnl ?? 0));
      return `${at}  close  ${side.padEnd(5)} ${size} ${pair}: ${reason === "tp" ? "take profit" : "stop loss"}, ${result}`;
    }
    case "tripped":
      return `${at}  ${paint("red", `TRIP   ${deed.reason}`)}`;
  }
}
