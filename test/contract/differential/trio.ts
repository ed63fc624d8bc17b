import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import {
  type Config,
  InvalidArgumentError,
  StateError,
  type StateEvent,
  type StateManager,
} from "../../../src/index.js";
import { dayStartOf } from "../../../src/state/day.js";
import { Clock, DAY, NOON } from "../clock.js";
import { invoke } from "../expect.js";
import type { Open } from "../open.js";
import type { Action, Step, Tick } from "./steps.js";

type Lease = Awaited<ReturnType<StateManager["acquireLease"]>>;

/** One of the backends, with the leases that it gave. */
interface Player {
  readonly name: string;
  readonly manager: StateManager;
  lease: Lease | undefined;
}

const INSTANCE = "bot-1";
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;

/** The same flow on several backends, under one clock: what one answers, all must answer. */
export class Trio implements AsyncDisposable {
  /** Moments at which something may end. */
  readonly #ends = new Set<number>();

  private constructor(
    readonly players: readonly Player[],
    readonly clock: Clock,
  ) {}

  static async open(
    opens: Readonly<Record<string, Open>>,
    config: Config,
    clock: Clock = new Clock(NOON),
  ): Promise<Trio> {
    const players: Player[] = [];
    const trio = new Trio(players, clock);
    for (const [name, open] of Object.entries(opens)) {
      const manager = await open(config, { clock: trio.clock.read, instanceId: INSTANCE });
      players.push({ name, manager, lease: undefined });
    }
    return trio;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { manager, lease } of this.players) {
      await lease?.release().catch(() => false);
      await manager.close();
    }
  }

  manager(name: string): StateManager {
    const player = this.players.find((each) => each.name === name);
    if (!player) throw new Error(`there is no ${name}`);
    return player.manager;
  }

  /** Moves the clock and makes the call on every backend; resolves to what all of them answered. */
  async play({ tick, action, args }: Step): Promise<unknown> {
    this.clock.now = Math.max(0, await this.#after(tick));
    for (const ms of [1000, DAY / 24, WEEK, MONTH]) this.#ends.add(this.clock.now + ms);
    const resolved = args.map((arg) => this.#resolve(arg));
    return this.same(`${action}(${resolved.map((arg) => fc.stringify(arg)).join(", ")})`, (player) =>
      perform(player, action, resolved),
    );
  }

  /** Asks every backend the same. Throws, with all answers, when they differ. */
  async same(what: string, ask: (player: Player) => Promise<unknown>): Promise<unknown> {
    const outcomes: { name: string; outcome: unknown }[] = [];
    for (const player of this.players) outcomes.push({ name: player.name, outcome: await outcomeOf(ask(player)) });
    const [first, ...others] = outcomes;
    if (others.every(({ outcome }) => isDeepStrictEqual(outcome, first?.outcome))) return first?.outcome;
    const told = outcomes.map(({ name, outcome }) => `  ${name}: ${fc.stringify(outcome)}`).join("\n");
    throw new Error(`${what} at ${this.clock.now} (${new Date(this.clock.now).toISOString()}):\n${told}`);
  }

  /** With `single_active`, has every manager hold the lease: the clock goes on until it is free. */
  async forceLease(): Promise<void> {
    const manager = this.manager("memory");
    if (!manager.config.execution.single_active) return;
    const held = await manager.getLease();
    this.clock.now = Math.max(this.clock.now, held?.until.getTime() ?? 0);
    for (const player of this.players) player.lease = await player.manager.acquireLease({ ttl: "24h" });
  }

  /** Everything that the flow tells about itself, bar what each backend makes up: its flow id, its epoch, the ids of events. */
  async sameState(): Promise<void> {
    await this.same("snapshot", async ({ manager }) => {
      const { epoch: _, flowId: __, ...state } = await manager.snapshot();
      return state;
    });
    await this.same("daily history", ({ manager }) => manager.getDailyHistory());
    await this.same("trades", ({ manager }) => manager.getTrades({ limit: 10_000 }));
    await this.same("events", async ({ manager }) => (await manager.getEvents({ limit: 10_000 })).map(withoutId));
    await this.same("guards", ({ manager }) => manager.getGuards());
    await this.same("what guards remember", async ({ manager }) => {
      const { entries } = await manager.exportFlow();
      return Object.fromEntries(entries["risk:guard_trades"].map(([pair = "", json = ""]) => [pair, json]));
    });
    await this.same("lease", ({ manager }) => manager.getLease());
  }

  async #after(tick: Tick): Promise<number> {
    const { now } = this.clock;
    if ("by" in tick) return now + tick.by;
    const ends = tick.to === "expiry" ? await this.#expiries() : this.#dayEnds();
    const later = ends.filter((ms) => ms > now).sort((a, b) => a - b);
    return (later[tick.which % Math.max(later.length, 1)] ?? now) + tick.off;
  }

  #dayEnds(): number[] {
    const { day_start } = this.manager("memory").config.risk;
    const start = dayStartOf(day_start);
    return [(Math.floor((this.clock.now - start) / DAY) + 1) * DAY + start];
  }

  async #expiries(): Promise<number[]> {
    const { breaker, signals } = await this.manager("memory").snapshot();
    const lease = await this.manager("memory").getLease();
    const dates = [...Object.values(signals.cooldowns), breaker.until, lease?.until];
    return [...dates.flatMap((date) => (date ? [date.getTime()] : [])), ...this.#ends];
  }

  /** Puts times where `{ ago }` stands. */
  #resolve(value: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    if ("ago" in value && typeof value.ago === "number") return Math.max(0, this.clock.now - value.ago);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === "metadata" ? inner : this.#resolve(inner)]),
    );
  }
}

async function perform(player: Player, action: Action, args: readonly unknown[]): Promise<unknown> {
  switch (action) {
    case "renew the lease":
      return player.lease ? player.lease.renew() : "no lease";
    case "release the lease":
      return player.lease ? player.lease.release() : "no lease";
    case "break the lease":
      return player.lease ? player.manager.breakLease(player.lease.token, "a look") : "no lease";
    case "forget the instances":
      return player.manager.forgetInstances(await player.manager.getInstances());
    case "acquireLease": {
      const [options] = args;
      const lease = await Reflect.apply(player.manager.acquireLease, player.manager, [options]);
      player.lease = lease;
      return lease.token;
    }
    case "snapshot": {
      const { epoch: _, flowId: __, ...state } = await player.manager.snapshot();
      return state;
    }
    default:
      return invoke(player.manager, action, args);
  }
}

/** The answer, or what a caller learns from the error: its class, its code, and what an argument's message says. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return { answer: await call };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const { name, code, message } = error;
    return error instanceof InvalidArgumentError ? { name, code, message } : { name, code };
  }
}

function withoutId({ id: _, ...event }: StateEvent) {
  return event;
}
