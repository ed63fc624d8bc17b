import type { Deed } from "./desk.js";
import { minuteText } from "./market.js";

/** A deed in a line for people; nothing for what was refused. */
export function deedLine(deed: Deed): string | undefined {
  const at = minuteText(deed.at);
  switch (deed.did) {
    case "opened": {
      const { side, size, pair, price } = deed.proposal;
      return `${at}  open   ${side.padEnd(5)} ${size} ${pair} at ${price}`;
    }
    case "closed": {
      const { reason, price, pnl } = deed.exit;
      return `${at}  close  ${deed.id}: ${reason} at ${price}, ${pnl}`;
    }
    case "won":
    case "refused":
      return undefined;
  }
}
