/** One suite for every exchange: the real ccxt class against a server in that exchange's own format. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DIALECTS } from "../../sync/ccxt/dialect.js";
import { LONG } from "../long.js";
import { Ahead } from "./exchanges/ahead.js";
import { PLAYED, WIRES } from "./exchanges/all-wires.js";
import { checks } from "./exchanges/checks.suite.js";
import { faults } from "./exchanges/faults.suite.js";
import { fills } from "./exchanges/fills.suite.js";
import { hedge } from "./exchanges/hedge.suite.js";
import { orders } from "./exchanges/orders.suite.js";
import { recoveries } from "./exchanges/recoveries.suite.js";
import { Scene } from "./exchanges/scene.js";
import { readme, withTable } from "./exchanges/table.js";
import type { Theme } from "./exchanges/theme.js";
import type { Wire } from "./exchanges/wire.js";

const THEMES: Readonly<Record<string, Theme>> = { orders, fills, faults, recoveries, hedge, checks };

/** `ONLY=bybit`: the wires of that name. */
const only = process.env.ONLY;

const books = suite("exchanges");

books("what is called proven has a wire that is played, and what is played is called proven", () => {
  const told = DIALECTS.flatMap(({ proven }) =>
    proven.flatMap(({ class: id, kinds }) => kinds.map((kind) => `${id} ${kind}`)),
  );
  assert.equal(told.sort(), PLAYED.map(({ wire, kind }) => `${wire.exchange} ${kind}`).sort());
  for (const { exchange, sources } of WIRES) assert.ok(sources.length > 0, exchange);
});

books("the table in sync/README.md is what the dialects say", () => {
  assert.is(readme(), withTable(readme()), "npm run stamp");
});

books.run();

/** A family's further classes are ccxt's first one under another name: they are played in the long form, and when they are asked for. */
function isFurther({ exchange }: Wire): boolean {
  const family = DIALECTS.find(({ classes }) => classes.includes(exchange));
  const first = family?.proven.find(({ class: id }) => WIRES.some((wire) => wire.exchange === id))?.class;
  return first !== exchange && sameApi(first ?? exchange, exchange);
}

/** Whether the first class has every kind that this one has. */
function sameApi(first: string, other: string): boolean {
  const kinds = (id: string) => PLAYED.filter(({ wire }) => wire.exchange === id).map(({ kind }) => kind);
  return kinds(other).every((kind) => kinds(first).includes(kind));
}

const ahead = new Ahead();

for (const played of PLAYED) {
  const { wire, kind } = played;
  if (only === undefined ? !LONG && isFurther(wire) : wire.exchange !== only) continue;
  for (const [name, theme] of Object.entries(THEMES)) {
    const test = suite(`${wire.exchange} ${kind}, ${name}`);
    theme((words, run) => test(words, ahead.add(run)), { ...played, open: (options) => Scene.open(played, options) });
    test.run();
  }
}
