/** What is so on the account, reckoned from every fill there was, who made it, and what the flows have booked. Signed: long above zero. */
import type { Position } from "../../../src/index.js";
import type { ExchangeFill } from "../../../sync/index.js";
import { type Big, exact, ZERO } from "../../accountant/amounts.js";
import { OWN } from "./bot.js";
import { exchangePair, type FlowName, plainPair, type Side } from "./life.js";
import type { Booking } from "./recorder.js";
import type { FlowInLife, World } from "./world.js";

/** A fill of an order that a flow's state knows, and what of it is not booked. */
export interface Unread {
  readonly fill: ExchangeFill;
  readonly size: Big;
  /** What of it the flow's positions have no room for: an exit beyond them. */
  readonly over: Big;
}

/** What one flow has of a pair (netting), or of a side of it (hedge). */
export interface Share {
  readonly tracked: Big;
  /** What its own fills that are not booked yet will bring. */
  readonly unread: Big;
  /** What its own orders made, and its state will not take in: orders that it forgot, exits beyond its positions. */
  readonly forgotten: Big;
  /** What it booked or took over and does not track any more, without a fill that says how. */
  readonly writtenOff: Big;
}

export interface Pool {
  readonly key: string;
  readonly pair: string;
  readonly there: Big;
  readonly shares: ReadonlyMap<FlowName, Share>;
  /** What nobody marked, and no flow has booked. */
  readonly unmarked: Big;
  readonly strangers: Big;
}

export interface Truth {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly unread: ReadonlyMap<FlowName, readonly Unread[]>;
  /** By pair and side, what a flow holds once its own fills are booked; not below zero. */
  readonly held: (flow: FlowName, pair: string, side: Side) => Big;
  /** The most of that which nobody's orders may have ended, where positions are netted. */
  readonly mayHaveEnded: (flow: FlowName, pair: string, side: Side) => Big;
}

export function keyOf(world: World, pair: string, side: Side): string {
  return world.setting.mode === "hedge" ? `${plainPair(pair)} ${side}` : plainPair(pair);
}

/** Which side of the position a fill is for. In netting mode both are one. */
function sideOf({ side, positionSide }: ExchangeFill): Side {
  return positionSide ?? (side === "buy" ? "long" : "short");
}

export function sign(side: "buy" | "sell" | Side): 1 | -1 {
  return side === "buy" || side === "long" ? 1 : -1;
}

/** The fill of which a booking tells. */
export function fillOf(fills: readonly ExchangeFill[], booking: Booking): ExchangeFill | undefined {
  const id = booking.fillId.startsWith(OWN) ? booking.fillId.slice(OWN.length) : booking.fillId;
  const alike = fills.filter(({ fillId, side }) => fillId === id && side === booking.order.side);
  return alike.find(({ clientOrderId }) => clientOrderId === booking.order.id) ?? alike[0];
}

export function nameOf({ orderId, fillId, side }: ExchangeFill): string {
  return `${orderId} ${fillId} ${side}`;
}

/** How much of each fill these flows have booked. */
export function bookedSizes(flows: readonly FlowInLife[], fills: readonly ExchangeFill[]): Map<string, Big> {
  const booked = new Map<string, Big>();
  for (const { log } of flows) {
    for (const booking of log.bookings) {
      const fill = fillOf(fills, booking);
      if (fill) booked.set(nameOf(fill), (booked.get(nameOf(fill)) ?? ZERO).plus(exact(booking.size)));
    }
  }
  return booked;
}

interface Sums {
  there: Big;
  unmarked: Big;
  strangers: Big;
  readonly shares: Map<FlowName, { tracked: Big; unread: Big; forgotten: Big; booked: Big }>;
}

export async function truthOf(world: World): Promise<Truth> {
  const fills = await world.fills();
  const booked = bookedSizes([...world.flows.values()], fills);
  const all = new Map<string, Sums & { readonly pair: string }>();
  const sums = (pair: string, side: Side) => {
    const key = keyOf(world, pair, side);
    const found = all.get(key) ?? { pair: plainPair(pair), ...newSums(world) };
    all.set(key, found);
    return found;
  };
  const share = (flow: FlowName, pair: string, side: Side) => {
    const found = sums(pair, side).shares.get(flow);
    if (!found) throw new Error(`no flow ${flow}`);
    return found;
  };

  for (const { pair, side, size } of await world.exchange.fetchPositions()) {
    const at = sums(pair, side);
    at.there = at.there.plus(exact(size).times(sign(side)));
  }
  const unread = new Map<FlowName, Unread[]>();
  const held = new Map<string, Big>();
  for (const flow of world.flows.values()) {
    const positions = await flow.plain.getPositions();
    for (const { pair, side, size } of positions) {
      const at = share(flow.name, pair, side);
      at.tracked = at.tracked.plus(exact(size).times(sign(side)));
    }
    addBooked(world, flow, fills, share);
    const mine = unreadOf(world, flow, fills, booked, positions, held);
    unread.set(flow.name, mine);
    for (const { fill, size, over } of mine) {
      const at = share(flow.name, fill.pair, sideOf(fill));
      at.unread = at.unread.plus(size.minus(over).times(sign(fill.side)));
      at.forgotten = at.forgotten.plus(over.times(sign(fill.side)));
    }
  }
  for (const fill of fills) {
    // Two flows may each book a part of what took from both, and not see that it is the same part: then one fill has too little left, another too much.
    const rest = exact(fill.size).minus(booked.get(nameOf(fill)) ?? ZERO);
    for (const { whose, moved } of madeBy(world, fill, rest)) {
      const at = sums(fill.pair, sideOf(fill));
      if (whose === "unmarked" || whose === "strangers") at[whose] = at[whose].plus(moved);
      else if (!isKnown(world, fill)) {
        const mine = share(whose, fill.pair, sideOf(fill));
        mine.forgotten = mine.forgotten.plus(moved);
      }
    }
  }
  for (const { flow, key, pair, unmarked, forgotten } of world.takenOver) {
    const at = all.get(key) ?? { pair, ...newSums(world) };
    all.set(key, at);
    const mine = at.shares.get(flow);
    at.unmarked = at.unmarked.minus(unmarked);
    if (mine) mine.forgotten = mine.forgotten.minus(forgotten);
  }
  const pools = new Map(
    [...all].map(([key, { pair, there, unmarked, strangers, shares }]) => {
      const told = [...shares].map(([name, { tracked, unread, forgotten, booked }]) => {
        return [name, { tracked, unread, forgotten, writtenOff: booked.minus(tracked) }] as const;
      });
      return [key, { key, pair, there, unmarked, strangers, shares: new Map(told) }] as const;
    }),
  );
  const ended = new Map<string, Big>();
  if (world.setting.mode === "netting") {
    for (const flow of world.flows.values())
      for (const { pair } of pools.values())
        for (const side of ["long", "short"] as const)
          ended.set(`${flow.name} ${pair} ${side}`, mayHaveEnded(world, flow, { pair, side, fills, booked }));
  }
  return {
    pools,
    unread,
    mayHaveEnded: (flow, pair, side) => ended.get(`${flow} ${plainPair(pair)} ${side}`) ?? ZERO,
    held: (flow, pair, side) => held.get(`${flow} ${plainPair(pair)} ${side}`) ?? ZERO,
  };
}

/** Whose a fill is, or so much of it; signed. What closed an orphan is of those who had made that. */
function madeBy(
  world: World,
  fill: ExchangeFill,
  size: Big,
): { readonly whose: FlowName | "unmarked" | "strangers"; readonly moved: Big }[] {
  const made = world.made.get(fill.orderId ?? "");
  if (!made) throw new Error(`nobody knows who made order ${fill.orderId}`);
  const moved = size.times(sign(fill.side));
  const { owner, forgotten } = made;
  if (owner === "nobody") return [{ whose: "unmarked", moved }];
  if (owner === "stranger") return [{ whose: "strangers", moved }];
  if (forgotten === undefined || isKnown(world, fill)) return [{ whose: owner, moved }];
  const own = smaller(size, exact(forgotten)).times(sign(fill.side));
  return [
    { whose: owner, moved: own },
    { whose: "unmarked", moved: moved.minus(own) },
  ];
}

/** Whether the flow's state has heard of the order that made a fill. */
function isKnown(world: World, { orderId = "" }: ExchangeFill): boolean {
  const made = world.made.get(orderId);
  if (!made || made.owner === "nobody" || made.owner === "stranger") return false;
  return world.flow(made.owner).log.known.has(made.clientOrderId ?? "");
}

function newSums(world: World): Sums {
  const shares = [...world.flows.keys()].map((name) => {
    return [name, { tracked: ZERO, unread: ZERO, forgotten: ZERO, booked: ZERO }] as const;
  });
  return { there: ZERO, unmarked: ZERO, strangers: ZERO, shares: new Map(shares) };
}

function addBooked(
  world: World,
  { name, log }: FlowInLife,
  fills: readonly ExchangeFill[],
  share: (flow: FlowName, pair: string, side: Side) => { booked: Big },
): void {
  for (const booking of log.bookings) {
    const fill = fillOf(fills, booking);
    const { pair, side } = booking.order;
    const at = share(name, pair, fill ? sideOf(fill) : sideOfOrder(world, booking));
    at.booked = at.booked.plus(exact(booking.size).times(sign(side)));
  }
  for (const { pair, side, size } of log.adoptions) {
    const at = share(name, pair, side);
    at.booked = at.booked.plus(exact(size).times(sign(side)));
  }
}

function sideOfOrder(_: World, { order: { side, intent } }: Booking): Side {
  return (side === "buy") === (intent === "entry") ? "long" : "short";
}

/** The flow's own fills, in their order, on the positions that it tracks. */
function unreadOf(
  world: World,
  { name, log }: FlowInLife,
  fills: readonly ExchangeFill[],
  booked: ReadonlyMap<string, Big>,
  positions: readonly Position[],
  held: Map<string, Big>,
): Unread[] {
  const key = (pair: string, side: Side) => `${name} ${plainPair(pair)} ${side}`;
  const add = (pair: string, side: Side, size: Big) =>
    held.set(key(pair, side), (held.get(key(pair, side)) ?? ZERO).plus(size));
  for (const { pair, side, size } of positions) add(pair, side, exact(size));
  const found: Unread[] = [];
  for (const fill of fills) {
    const made = world.made.get(fill.orderId ?? "");
    const order = log.known.get(made?.clientOrderId ?? "");
    const size = exact(fill.size).minus(booked.get(nameOf(fill)) ?? ZERO);
    if (made?.owner !== name || !order || size.lte(ZERO)) continue;
    const entered = sign(fill.side) > 0 ? "long" : "short";
    const reduced = entered === "long" ? "short" : "long";
    const room = held.get(key(fill.pair, reduced)) ?? ZERO;
    const reduces = order.intent === "exit" || order.flip !== undefined ? smaller(room, size) : ZERO;
    if (reduces.gt(ZERO)) add(fill.pair, reduced, reduces.neg());
    if (order.intent === "entry") add(fill.pair, entered, size.minus(reduces));
    found.push({ fill, size, over: order.intent === "exit" ? size.minus(reduces) : ZERO });
  }
  return found;
}

/** What of a pool a flow may take for an orphan: what nobody marked, and what it made itself and has forgotten. */
export function orphanOf(world: World, pool: Pool | undefined, flow: FlowName) {
  const { unmarked, strangers, shares } = pool ?? {
    unmarked: ZERO,
    strangers: ZERO,
    shares: new Map<FlowName, Share>(),
  };
  const mine = shares.get(flow);
  const forgotten = mine ? mine.forgotten.plus(mine.writtenOff) : ZERO;
  const others = world.setting.exclusive ? unmarked.plus(strangers) : unmarked;
  return { forgotten, unmarked: others, whole: forgotten.plus(others) };
}

/**
 * The same, of what was made since nobody held anything of the pool: what was there before is over, whether the flows have heard of it or not. The
 * account was flat for all where it is one side of a pair, or all that was ended was of one side: in a net two flows can also stand against each other.
 * Undefined where it never was so.
 */
export async function orphanSinceFlat(world: World, key: string, flow: FlowName): Promise<Big | undefined> {
  const fills = (await world.fills()).filter((fill) => keyOf(world, fill.pair, sideOf(fill)) === key);
  const parts = new Map<FlowName | "unmarked" | "strangers", Big>();
  let from = 0;
  for (const [at, fill] of fills.entries()) {
    for (const { whose, moved } of madeBy(world, fill, exact(fill.size)))
      parts.set(whose, (parts.get(whose) ?? ZERO).plus(moved));
    const sum = [...parts.values()].reduce((all, part) => all.plus(part), ZERO);
    const held = [...parts].flatMap(([whose, part]) => (whose === "unmarked" ? [] : [part]));
    const isTwoSided = held.some((part) => part.gt("1e-9")) && held.some((part) => part.lt("-1e-9"));
    if (sum.abs().gt("1e-9") || (isTwoSided && world.setting.mode === "netting")) continue;
    from = at + 1;
    parts.clear();
  }
  const last = fills[from - 1];
  if (!last) return undefined;
  const booked = bookedSizes([...world.flows.values()], fills);
  let whole = ZERO;
  for (const fill of fills.slice(from)) {
    const rest = exact(fill.size).minus(booked.get(nameOf(fill)) ?? ZERO);
    for (const { whose, moved } of madeBy(world, fill, rest)) {
      const isForgotten = whose === flow && !isKnown(world, fill);
      if (whose === "unmarked" || isForgotten || (whose === "strangers" && world.setting.exclusive))
        whole = whole.plus(moved);
    }
  }
  return world.takenOver
    .filter((taken) => taken.key === key && taken.at >= last.ts.getTime())
    .reduce(
      (left, { unmarked, forgotten, flow: by }) => left.minus(unmarked).minus(by === flow ? forgotten : ZERO),
      whole,
    );
}

/**
 * How much of what a flow holds of a side of a netted pair nobody's orders may have ended. It is no more than the flow held when they were filled:
 * what was there before it entered, or stood against others, cannot have been its own.
 */
function mayHaveEnded(
  world: World,
  flow: FlowInLife,
  {
    pair,
    side,
    fills,
    booked,
  }: { pair: string; side: Side; fills: readonly ExchangeFill[]; booked: ReadonlyMap<string, Big> },
): Big {
  const towards = sign(side);
  const isOfPair = (one: { readonly pair: string }) => samePair(one.pair, pair);
  const own = bookedSizes([flow], fills);
  let held = flow.log.adoptions
    .filter((one) => isOfPair(one) && one.side === side)
    .reduce((sum, { size }) => sum.plus(exact(size)), ZERO);
  // What nobody marked of that side, or above all that was held, of the other one.
  let free = ZERO;
  let ended = ZERO;
  for (const fill of fills.filter(isOfPair)) {
    const order = flow.log.known.get(world.made.get(fill.orderId ?? "")?.clientOrderId ?? "");
    for (const { whose, moved } of madeBy(world, fill, exact(fill.size))) {
      const by = moved.times(towards);
      if (whose === flow.name) {
        const isEntry = order?.intent === "entry";
        if (by.gt(ZERO) ? isEntry : !isEntry || order.flip !== undefined) held = larger(ZERO, held.plus(by));
      } else if (whose === "unmarked" || (whose === "strangers" && world.setting.exclusive)) {
        held = larger(ZERO, held.minus(own.get(nameOf(fill)) ?? ZERO));
        const left = by.minus((booked.get(nameOf(fill)) ?? ZERO).times(sign(fill.side) * towards));
        const taken = larger(ZERO, smaller(left.plus(larger(ZERO, free)).neg(), held.minus(ended)));
        ended = ended.plus(taken);
        free = free.plus(left).plus(taken);
      }
    }
    ended = smaller(ended, held);
  }
  return ended;
}

export function larger(a: Big, b: Big): Big {
  return a.gt(b) ? a : b;
}

/** What is on the account and in no flow, beyond what the flows' own fills will still bring. */
export function restOf({ unmarked, strangers, shares }: Pool): Big {
  return [...shares.values()].reduce(
    (sum, { forgotten, writtenOff }) => sum.plus(forgotten).plus(writtenOff),
    unmarked.plus(strangers),
  );
}

/** The pools add up to what is there: else this judge has misread something. */
export function misreadings({ pools }: Truth): string[] {
  return [...pools.values()].flatMap((pool) => {
    const sum = [...pool.shares.values()].reduce(
      (total, { tracked, unread }) => total.plus(tracked).plus(unread),
      restOf(pool),
    );
    return sum.minus(pool.there).abs().lt("1e-9")
      ? []
      : [`${pool.key}: ${pool.there.toFixed()} is there, and the parts make ${sum.toFixed()}`];
  });
}

export function smaller(a: Big, b: Big): Big {
  return a.lt(b) ? a : b;
}

/** Whether a pair is the one that a row names. */
export function samePair(a: string, b: string): boolean {
  return exchangePair(a) === exchangePair(b);
}
