/** What the page makes of what it is told, without a browser: `page/browser/` has the rest. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { groupsOf, lastingText } from "../../src/page/app/fleet/want-groups.js";
import { type FleetState, flowsOf, withFrame } from "../../src/page/app/live/fleet-state.js";
import type { EventAnswer, FleetFlow, Want } from "../../src/page/wire.js";

const test = suite("page's application");

const NOW = Date.parse("2026-11-29T02:13:00.000Z");

function want(flowId: string, more: Partial<Want> = {}): Want {
  return {
    id: `redis/${flowId}/${more.what ?? ""}`,
    urgency: 0,
    kind: "stale",
    what: "The state is stale",
    blocks: "",
    cure: `before a bot works on it again: sf-state recover --flow ${flowId}`,
    place: "redis",
    flowId,
    section: "bots",
    ...more,
  };
}

test("what is the same of several flows is one thing, with every flow's name; what differs in anything a person reads is not", () => {
  const wants = [
    want("c", { since: "2026-11-29T02:12:56.000Z" }),
    want("a", { since: "2026-11-29T00:13:00.000Z" }),
    want("b", { what: "The state is stale, too" }),
    want("d", { blocks: "entries wait" }),
    want("e", { urgency: 1 }),
    want("f", { cure: "call somebody", what: "x" }),
    want("g", { cure: "call somebody", what: "x" }),
  ];
  const groups = groupsOf(wants);
  assert.equal(
    groups.map((group) => group.wants.map(({ flowId }) => flowId)),
    [["a", "c"], ["b"], ["d"], ["e"], ["f", "g"]],
  );
  assert.equal(
    groups.map(({ sentence }) => sentence),
    [
      "The state is stale.", // each is cured by a command of its own
      "The state is stale, too. Before a bot works on it again: sf-state recover --flow b.",
      "The state is stale. Entries wait. Before a bot works on it again: sf-state recover --flow d.",
      "The state is stale. Before a bot works on it again: sf-state recover --flow e.",
      "x. Call somebody.",
    ],
  );
  assert.equal(
    groups.map((group) => lastingText(group, NOW)),
    ["for 4 s to 2 h", "", "", "", ""],
  );
});

test("flows of one name in two places are two, in the same order each time", () => {
  const [first, second] = [want("a", { place: "folder-1" }), want("a")];
  for (const wants of [
    [first, second],
    [second, first],
  ]) {
    assert.equal(
      groupsOf(wants).map((group) => group.wants.map(({ place }) => place)),
      [["folder-1", "redis"]],
    );
  }
});

function flow(flowId: string, more: object): FleetFlow {
  // biome-ignore lint/suspicious/noExplicitAny: what is looked at of it
  return { place: "redis", flowId, alarms: [], ...more } as any;
}

const EMPTY: FleetState = { readAt: "", places: [], flows: [], accounts: [], wants: [], ticker: [] };

function event(id: string, type: string): EventAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: what is looked at of it
  return { event: { id, at: new Date(Number(id.split("-")[0])).toISOString(), type } as any, words: type };
}

test("an account's events are told beside those of flows, once, and concern each flow that is in it", () => {
  const flows = [
    flow("a", { account: "main" }),
    flow("b", { account: "other" }),
    flow("c", { error: "away" }),
    flow("d", { account: "main" }),
    flow("e", { account: "main", place: "redis-2" }),
  ];
  const account = { kind: "account_event", place: "redis", account: "main" } as const;
  let state: FleetState = { ...EMPTY, flows };
  state = withFrame(state, { kind: "event", place: "redis", flowId: "main", ...event("1-0", "heartbeat") });
  state = withFrame(state, { ...account, ...event("1-0", "account_breaker_tripped") });
  state = withFrame(state, { ...account, ...event("1-0", "account_breaker_tripped") });
  state = withFrame(state, { ...account, ...event("2-0", "account_breaker_reset") });
  assert.equal(state.ticker, [
    {
      place: "redis",
      account: "main",
      id: "2-0",
      at: "1970-01-01T00:00:00.002Z",
      type: "account_breaker_reset",
      words: "account_breaker_reset",
    },
    {
      place: "redis",
      account: "main",
      id: "1-0",
      at: "1970-01-01T00:00:00.001Z",
      type: "account_breaker_tripped",
      words: "account_breaker_tripped",
    },
    {
      place: "redis",
      flowId: "main",
      id: "1-0",
      at: "1970-01-01T00:00:00.001Z",
      type: "heartbeat",
      words: "heartbeat",
    },
  ]);
  assert.equal(
    flowsOf(state, account).map(({ flowId }) => flowId),
    ["a", "d"],
  );
});

test.run();
