/** The command sf-state: orders looked at, cancelled in state, and told what the exchange says of them. */
import { orders } from "./orders.suite.js";
import { onStand } from "./stand.js";

await onStand("orders", orders);
