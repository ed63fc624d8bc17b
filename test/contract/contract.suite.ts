import { suite } from "uvu";
import { LONG } from "../long.js";
import { accountLimits } from "./account-limits.suite.js";
import { accountOrigins } from "./account-origins.suite.js";
import { accounts } from "./accounts.suite.js";
import { admission } from "./admission.suite.js";
import { BACKENDS, type Backend, type BackendName } from "./backends.js";
import { backups } from "./backups.suite.js";
import { breaker } from "./breaker.suite.js";
import { cash, transfers } from "./cash.suite.js";
import { cooldowns } from "./cooldowns.suite.js";
import { costs } from "./cost.suite.js";
import { currencies } from "./currencies.suite.js";
import { days } from "./days.suite.js";
import { dust } from "./dust.suite.js";
import { ends } from "./ends.suite.js";
import { equity } from "./equity.suite.js";
import { events } from "./events.suite.js";
import { fillSizes } from "./fill-sizes.suite.js";
import { fills } from "./fills.suite.js";
import { guardMemory, guards } from "./guards.suite.js";
import { leases } from "./lease.suite.js";
import { lifecycle } from "./lifecycle.suite.js";
import { limits } from "./limits.suite.js";
import { liveness } from "./liveness.suite.js";
import { money } from "./money.suite.js";
import { netting } from "./netting.suite.js";
import type { Theme } from "./open.js";
import { orderLife } from "./order-life.suite.js";
import { orderUpdates } from "./order-updates.suite.js";
import { orders } from "./orders.suite.js";
import { positions } from "./positions.suite.js";
import { recovering } from "./recovering.suite.js";
import { refusals } from "./refusals.suite.js";
import { risk } from "./risk.suite.js";
import { signals } from "./signals.suite.js";
import { snapshots } from "./snapshot.suite.js";
import { texts } from "./texts.suite.js";
import { trades } from "./trades.suite.js";
import { additions, flipFills, flips, otherSide } from "./turning.suite.js";
import { validation } from "./validation.suite.js";
import { watching } from "./watch.suite.js";

const THEMES = {
  lifecycle,
  positions,
  orders,
  money,
  currencies,
  days,
  risk,
  limits,
  breaker,
  equity,
  cash,
  transfers,
  signals,
  cooldowns,
  liveness,
  snapshots,
  validation,
  admission,
  refusals,
  fills,
  "sizes of fills": fillSizes,
  netting,
  costs,
  "ends of positions": ends,
  dust,
  texts,
  trades,
  "life of orders": orderLife,
  "updates of orders": orderUpdates,
  additions,
  flips,
  "fills of flips": flipFills,
  "the other side": otherSide,
  guards,
  "memory of guards": guardMemory,
  leases,
  recovering,
  accounts,
  "limits of an account": accountLimits,
  "who set an account's limits": accountOrigins,
  events,
  watching,
  backups,
} satisfies Readonly<Record<string, Theme>>;

export type Part = keyof typeof THEMES;

export const PARTS: readonly Part[] = Object.keys(THEMES).filter(isPart);

function isPart(name: string): name is Part {
  return name in THEMES;
}

/** Runs the contract, or these parts of it, on one backend: a suite per part, the same for all of them. */
export async function contractOn(name: BackendName, parts?: ReadonlySet<Part>): Promise<void> {
  await contractOf(name, await BACKENDS[name](), parts);
}

/** Adds and queues the contract's tests on a stand of one's own. */
export async function contractOf(name: string, stand: Backend, parts?: ReadonlySet<Part>): Promise<void> {
  const traits = {
    durable: name !== "memory",
    runs: (count: number) => (name === "duckdb" && !LONG ? Math.ceil(count / 5) : count),
  };
  const wanted: ReadonlySet<string> | undefined = parts;
  for (const [part, addTests] of Object.entries<Theme>(THEMES)) {
    if (wanted && !wanted.has(part)) continue;
    const test = suite(`${name}: ${part}`);
    addTests(test, stand.open, traits);
    test.run();
  }
  const end = suite("end");
  end("the server and the files of the contract's tests are let go", async () => {
    await stand[Symbol.asyncDispose]();
  });
  end.run();
}
