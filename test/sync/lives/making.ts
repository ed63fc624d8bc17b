/** Makes random lives: the same for the same seed. */
import { Chance } from "../../accountant/chance.js";
import {
  type Deed,
  type Fault,
  FLOWS,
  type FlowName,
  type Life,
  type LifeStep,
  type Method,
  READS,
  type Restart,
  type Setting,
} from "./life.js";

const MINUTE = 60_000;

export function lifeOf(seed: number, mode: Setting["mode"], onRedis = false): Life {
  const chance = new Chance(seed * 2 + (mode === "hedge" ? 1 : 0));
  const setting = settingOf(chance, seed, mode, onRedis);
  const steps: LifeStep[] = [];
  const chapters = chance.whole(1, 4);
  for (let n = 0; n < chapters; n += 1) {
    const length = chance.whole(4, 22);
    for (let i = 0; i < length; i += 1) steps.push(deedOf(chance, setting));
    steps.push(restartOf(chance, setting));
  }
  return { setting, steps };
}

function settingOf(chance: Chance, seed: number, mode: Setting["mode"], onRedis: boolean): Setting {
  const flows = chance.percent(75) ? 2 : 1;
  const tellsIds = chance.percent(75);
  const forgets = chance.percent(20);
  const shared = chance.percent(50);
  const account = onRedis && flows === 2 && shared;
  const orphans = pick(chance, ["close", "close", "adopt", "manual"] as const);
  return {
    seed,
    mode,
    flows,
    exclusive: flows === 1 && chance.percent(50),
    account,
    recovery: pick(chance, ["sync", "sync", "sync", "sync", "close_all", "manual"]),
    // Two flows that do not know of each other would both take over what nobody marked: the contract gives them no way to tell.
    orphans: orphans === "adopt" && flows === 2 && !account ? "manual" : orphans,
    unexplained: chance.percent(75) ? "ask" : "close",
    taker: pick(chance, [0, 0.0005, 0.0123]),
    fills: chance.percent(50) ? "whole" : "partial",
    ids: chance.percent(70) ? "digest" : "own",
    tellsIds,
    tellsSides: chance.percent(90),
    byId: chance.percent(60),
    foundFor: forgets ? pick(chance, [0, 10 * MINUTE, 120 * MINUTE]) : null,
    saysSo: chance.percent(70),
    // Who is told no order ids by fills cannot know which fills a bot booked under names of its own.
    fillNames: tellsIds && chance.percent(25) ? "own" : "exchange",
    bothSides: chance.percent(25),
    reduceOnly: mode === "hedge" || chance.percent(60),
    ahead: pick(chance, [0, 0, 0, 4_000, -4_000]),
  };
}

function deedOf(chance: Chance, setting: Setting): Deed {
  const own: readonly [number, () => Deed][] = [
    [5, () => ({ do: "price", pair: pairOf(chance), price: chance.whole(160, 241) / 2 })],
    [2, () => ({ do: "wait", ms: pick(chance, [1, 2_000, 70_000, 20 * MINUTE, 150 * MINUTE]) })],
    [3, () => ({ do: "fill", of: chance.whole(0, 6), part: pick(chance, [0.2, 0.5, 1]) })],
    [
      8,
      () => ({
        do: "enter",
        pair: pairOf(chance),
        side: sideOf(chance),
        size: sizeOf(chance),
        ...sendingOf(chance, setting),
      }),
    ],
    [2, () => ({ do: "add", of: chance.whole(0, 6), size: sizeOf(chance), ...sendingOf(chance, setting) })],
    [
      4,
      () => ({
        do: "exit",
        of: chance.whole(0, 6),
        part: pick(chance, [0.3, 0.5, 1, 1]),
        ...sendingOf(chance, setting),
      }),
    ],
    [4, () => ({ do: "stop", of: chance.whole(0, 6), distance: pick(chance, [2, 5, 20]), ...byBot(chance, setting) })],
    [
      2,
      () => ({
        do: "cancel",
        of: chance.whole(0, 6),
        where: pick(chance, ["state", "exchange", "both"]),
        ...byBot(chance, setting),
      }),
    ],
    [9, () => ({ do: "book", count: chance.whole(1, 6), ...byBot(chance, setting) })],
    [
      setting.mode === "netting" ? 2 : 0,
      () => ({ do: "flip", of: chance.whole(0, 6), beyond: sizeOf(chance), ...sendingOf(chance, setting) }),
    ],
    [
      1,
      () => ({
        do: "secret stop",
        of: chance.whole(0, 6),
        distance: pick(chance, [2, 5]),
        marked: chance.percent(60),
        ...byBot(chance, setting),
      }),
    ],
    [
      0.4,
      () => ({
        do: "secret entry",
        pair: pairOf(chance),
        side: sideOf(chance),
        size: sizeOf(chance),
        ...byBot(chance, setting),
      }),
    ],
    [1, () => ({ do: "liquidate", of: chance.whole(0, 6) })],
    [
      2,
      () => ({
        do: chance.percent(70) ? "hand" : "stranger",
        pair: pairOf(chance),
        side: pick(chance, ["buy", "sell"]),
        of: sideOf(chance),
        size: sizeOf(chance),
      }),
    ],
  ];
  let at = chance.next() * own.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, deed] of own) {
    at -= weight;
    if (at < 0) return deed();
  }
  return { do: "wait", ms: 1 };
}

function restartOf(chance: Chance, setting: Setting): Restart {
  const faults: Fault[] = [];
  const quiet = chance.percent(30);
  const lying = new Set<Method>();
  for (let n = chance.whole(0, quiet ? 1 : 5); n > 0; n -= 1) {
    const call = chance.whole(1, 7);
    const method = pick(chance, [...READS, "createOrder", "cancelOrder"] as const);
    const mayLie = method !== "createOrder" && method !== "cancelOrder" && !lying.has(method) && chance.percent(60);
    if (!mayLie) {
      faults.push({ method, kind: chance.percent(50) ? "lost" : "unanswered", call });
      continue;
    }
    // What agrees in two readings counts: of each method, one answer at most is not true.
    lying.add(method);
    faults.push({
      method,
      kind: pick(chance, method === "fetchOrder" ? ["empty", "late"] : ["empty", "half", "late"]),
      call,
    });
  }
  const deaths = quiet ? [] : Array.from({ length: chance.whole(0, 4) }, () => chance.whole(1, 90));
  const meanwhile = quiet
    ? []
    : Array.from({ length: chance.whole(0, 4) }, () => ({ call: chance.whole(1, 40), deed: deedOf(chance, setting) }));
  return { do: "restart", flow: flowOf(chance, setting), faults, deaths, meanwhile, approves: chance.percent(85) };
}

function byBot(chance: Chance, setting: Setting): { flow: FlowName; dies: number | null } {
  return { flow: flowOf(chance, setting), dies: chance.percent(12) ? chance.whole(1, 12) : null };
}

function sendingOf(chance: Chance, setting: Setting): { flow: FlowName; dies: number | null; limit: number | null } {
  return { ...byBot(chance, setting), limit: chance.percent(50) ? null : chance.whole(-6, 7) / 2 };
}

function flowOf(chance: Chance, { flows }: Setting): FlowName {
  return FLOWS[chance.whole(0, flows)] ?? "a";
}

function pairOf(chance: Chance): number {
  return chance.percent(65) ? 0 : 1;
}

function sideOf(chance: Chance): "long" | "short" {
  return chance.percent(60) ? "long" : "short";
}

function sizeOf(chance: Chance): number {
  return chance.whole(1, 31) / 10;
}

function pick<T>(chance: Chance, items: readonly [T, ...T[]]): T {
  return chance.pick(items) ?? items[0];
}
