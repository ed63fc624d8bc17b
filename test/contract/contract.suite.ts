import { suite } from "uvu";
import { admission } from "./admission.suite.js";
import { breaker } from "./breaker.suite.js";
import { cooldowns } from "./cooldowns.suite.js";
import { days } from "./days.suite.js";
import { events } from "./events.suite.js";
import { fills } from "./fills.suite.js";
import { leases } from "./lease.suite.js";
import { lifecycle } from "./lifecycle.suite.js";
import { liveness } from "./liveness.suite.js";
import { money } from "./money.suite.js";
import type { Open, Theme, Traits } from "./open.js";
import { orderLife } from "./order-life.suite.js";
import { orders } from "./orders.suite.js";
import { positions } from "./positions.suite.js";
import { recovering } from "./recovering.suite.js";
import { risk } from "./risk.suite.js";
import { signals } from "./signals.suite.js";
import { snapshots } from "./snapshot.suite.js";
import { validation } from "./validation.suite.js";
import { watching } from "./watch.suite.js";

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
