import { suite } from "uvu";
import { admission } from "./admission.js";
import { breaker } from "./breaker.js";
import { cooldowns } from "./cooldowns.js";
import { days } from "./days.js";
import { events } from "./events.js";
import { fills } from "./fills.js";
import { leases } from "./lease.js";
import { lifecycle } from "./lifecycle.js";
import { liveness } from "./liveness.js";
import { money } from "./money.js";
import type { Open, Theme, Traits } from "./open.js";
import { orderLife } from "./order-life.js";
import { orders } from "./orders.js";
import { positions } from "./positions.js";
import { recovering } from "./recovering.js";
import { risk } from "./risk.js";
import { signals } from "./signals.js";
import { snapshots } from "./snapshot.js";
import { validation } from "./validation.js";
import { watching } from "./watch.js";

const THEMES: Readonly<Record<string, Theme>> = {
  lifecycle,
  positions,
  orders,
  money,
  days,
  risk,
  breaker,
  signals,
  cooldowns,
  liveness,
  snapshots,
  validation,
  admission,
  fills,
  "life of orders": orderLife,
  leases,
  recovering,
  events,
  watching,
};

/** Runs the contract of `StateManager` on a backend: one suite per part, the same for all of them. */
export function contract(name: string, open: Open, traits: Traits): void {
  for (const [part, addTests] of Object.entries(THEMES)) {
    const test = suite(`${name}: ${part}`);
    addTests(test, open, traits);
    test.run();
  }
}
