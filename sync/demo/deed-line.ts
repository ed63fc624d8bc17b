import type { Deed } from "./desk.js";
import { minuteText } from "./market.js";

/** A deed in one line for people; undefined for a refused one. */
export function deedLine(deed: Deed): string | undefined {
  const at = minuteText(deed.at);
  switch (deed.did) {
    case "opened": {
      const { side, size, pair } = deed.order;
      return `${at}  open   ${side === "buy" ? "long " : "short"} ${size} ${pair} at ${deed.fill.price}`;
    }
    case "closed": {
      const { side, size, pair, orderType } = deed.order;
      const reason = orderType === "stop" ? "stop loss" : "take profit";
      return `${at}  close  ${side === "sell" ? "long " : "short"} ${size} ${pair} at ${deed.fill.price}: ${reason}`;
    }
    case "won":
    case "refused":
      return undefined;
  }
}
