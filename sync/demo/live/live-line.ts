import type { Colours } from "../../../src/cli/colours.js";
import { gain, time } from "../../../src/words/in-words.js";
import type { LiveDeed } from "./live-bot.js";

/** A deed in one line for people. */
export function liveLine(deed: LiveDeed, { dim, red, green }: Colours): string {
  const at = dim(time(deed.at));
  switch (deed.did) {
    case "opened": {
      const { side, size, pair, entryPrice } = deed.position;
      return `${at}  open   ${side.padEnd(5)} ${size} ${pair} at ${entryPrice}`;
    }
    case "closed": {
      const { side, size, pair, pnl, reason } = deed.trade;
      const result = ((pnl ?? 0) < 0 ? red : green)(gain(pnl ?? 0));
      return `${at}  close  ${side.padEnd(5)} ${size} ${pair}: ${reason === "tp" ? "take profit" : "stop loss"}, ${result}`;
    }
    case "tripped":
      return `${at}  ${red(`TRIP   ${deed.reason}`)}`;
  }
}
