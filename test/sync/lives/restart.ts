/** Brings a flow back, through faults, deaths and what happens meanwhile, and judges all that it does. */
import { InvalidArgumentError, StaleStateError } from "../../../src/index.js";
import { ExchangeError, type Plan, type RecoveryOptions, type RecoveryReport, recover } from "../../../sync/index.js";
import { Death, Life as Mortal } from "../recovery/mortal.js";
import { QUICK } from "../recovery/stand.js";
import type { AgreementJudge } from "./agreement-judge.js";
import { act } from "./bot.js";
import type { Restart } from "./life.js";
import type { MoneyJudge } from "./money-judge.js";
import { OrdersJudge } from "./orders-judge.js";
import { portOf, type Watcher, Weather } from "./port.js";
import { misreadings, truthOf } from "./truth.js";
import type { FlowInLife, World } from "./world.js";
import { Wrong } from "./wrong.js";

/** More tries than this, with every fault met once, mean that it does not come to an end. */
const TRIES = 40;

/** So many tries without an end, and time passes: what is too young to be known grows old. */
const PATIENCE = 8;

export interface Counts {
  lives: number;
  recoveries: number;
  orders: number;
  /** Restarts in which nothing was sent, and nobody asked. */
  quiet: number;
  /** By the kind of action for which a person was asked. */
  readonly asked: Map<string, number>;
  approved: number;
  left: number;
}

export interface Judges {
  readonly money: MoneyJudge;
  readonly agreement: AgreementJudge;
}

/** Answers whether it ended as recovered; false: a person was asked and left it. */
export async function restart(world: World, judges: Judges, step: Restart, counts: Counts): Promise<boolean> {
  const flow = world.flow(step.flow);
  flow.alive = false;
  const orders = new OrdersJudge(world, step.flow);
  flow.log.onAdoption = (adoption) => orders.adoption(adoption);
  const first = await new Restarting(world, flow, judges, orders, step, counts).run();
  if (first === undefined) return false;
  // What happened after it had looked, the next one finds.
  const quiet = { ...step, faults: [], deaths: [], meanwhile: [] };
  const last =
    step.meanwhile.length === 0 ? first : await new Restarting(world, flow, judges, orders, quiet, counts).run();
  if (last === undefined) return false;
  await judges.agreement.recovered(last);
  await judges.agreement.reasons(last);
  await judges.money.sums();
  // Whoever was asked once may be asked again: what a person left as it is, maybe before the last death, stays so for one recovery. What waits grows old.
  const isLeft = last.plan.actions.some(({ type }) => type === "leave_orphan" || type === "leave_position");
  if (orders.approved.length === 0 && last.waiting.length === 0 && !isLeft)
    await new Restarting(world, flow, judges, orders, quiet, counts).again();
  if (orders.sent === 0 && orders.approved.length === 0) counts.quiet += 1;
  flow.alive = true;
  return true;
}

class Restarting {
  readonly #weather: Weather;
  #calls = 0;
  /** Whether something happened beside the try that is under way. */
  #disturbed = false;

  constructor(
    private readonly world: World,
    private readonly flow: FlowInLife,
    private readonly judges: Judges,
    private readonly orders: OrdersJudge,
    private readonly step: Restart,
    private readonly counts: Counts,
  ) {
    this.#weather = new Weather(step.faults);
  }

  async run(): Promise<RecoveryReport | undefined> {
    let approve: Plan | undefined;
    let last = "nothing was tried";
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const lies = this.#weather.lies;
      const tried = await this.#try(this.step.deaths[attempt] ?? Number.POSITIVE_INFINITY, approve);
      const isTrue = this.#weather.lies === lies && !this.#disturbed;
      approve = undefined;
      if (attempt >= PATIENCE) this.world.clock.now += 30_000;
      if (tried instanceof Error) {
        last = tried.message;
        await this.#mustBeBlocked(tried);
        continue;
      }
      last = `${tried.status}: ${tried.plan.actions.map(({ key }) => key).join(", ")}; waiting ${JSON.stringify(tried.waiting)}; ${tried.troubles.at(-1) ?? ""}`;
      if (tried.status === "recovered") return tried;
      if (tried.status !== "awaiting_approval") continue;
      if (isTrue) await this.judges.agreement.reasons(tried);
      if (!this.step.approves || !(await this.judges.agreement.isRight(tried.plan))) {
        if (attempt < this.step.deaths.length || !isTrue) continue;
        this.#count(tried.plan);
        this.counts.left += 1;
        return undefined;
      }
      approve = tried.plan;
      this.#count(tried.plan);
      this.counts.approved += 1;
    }
    throw new Wrong("it does not come to an end", `${this.flow.name}: ${last}`);
  }

  /** What was brought back needs nothing more. */
  async again(): Promise<void> {
    const before = this.orders.sent;
    const tried = await this.#try(Number.POSITIVE_INFINITY, undefined);
    const told =
      tried instanceof Error ? tried.message : `${tried.status}: ${tried.applied.map(({ key }) => key).join(", ")}`;
    if (told !== "recovered: " || this.orders.sent > before)
      throw new Wrong("it is not at rest", `${this.flow.name}: ${told}`);
  }

  async #try(death: number, approve: Plan | undefined): Promise<RecoveryReport | Error> {
    const { world, flow, orders } = this;
    const { recovery, orphans, unexplained, exclusive } = world.setting;
    this.#disturbed = false;
    orders.begin();
    if (approve) orders.approved = [...orders.approved, ...approve.actions];
    const options: RecoveryOptions = {
      ...QUICK,
      ...{ deadline: "1ms", mode: recovery, orphanPositions: orphans, unexplained, exclusiveAccount: exclusive },
      ...(approve && { approve: approve.hash }),
    };
    const mortal = new Mortal(death);
    const watcher: Watcher = {
      call: () => this.#meanwhile(),
      order: (request) => orders.order(request),
      cancellation: (id, pair) => orders.cancellation(id, pair),
    };
    const before = orders.sent;
    flow.log.recovering = true;
    const port = portOf(world, flow.name, this.#weather, watcher);
    const tried = await recover(mortal.share(flow.mgr), mortal.share(port), options).catch(expected);
    flow.log.recovering = false;
    this.counts.recoveries += 1;
    this.counts.orders += orders.sent - before;
    await this.judges.money.bookings(orders, this.#disturbed);
    const [misreading] = misreadings(await truthOf(world));
    if (misreading !== undefined) throw new Wrong("the judge has misread", misreading);
    return tried;
  }

  async #meanwhile(): Promise<void> {
    this.#calls += 1;
    this.world.clock.now += 200;
    for (const { call, deed } of this.step.meanwhile) {
      if (call !== this.#calls) continue;
      await this.orders.remember();
      this.#disturbed = true;
      this.flow.log.recovering = false;
      await act(this.world, deed);
      this.flow.log.recovering = true;
    }
  }

  async #mustBeBlocked(error: Error): Promise<void> {
    const { plain } = this.flow;
    // Who dies at its last breath may have ended it, and at its first may not have begun.
    if (error instanceof Death || (await plain.getRecovery()) === undefined) return;
    const entry = await plain.admit({ signalId: "probe", pair: "XRP/USDT", side: "long", size: 1, price: 1 });
    if (entry.admitted) throw new Wrong("entries go ahead while it is unfinished", error.message);
  }

  #count({ actions }: Plan): void {
    for (const { needsPerson, type } of actions) {
      if (needsPerson === undefined) continue;
      this.counts.asked.set(type, (this.counts.asked.get(type) ?? 0) + 1);
    }
  }
}

function expected(error: unknown): Error {
  const fine = [Death, ExchangeError, StaleStateError, InvalidArgumentError];
  if (error instanceof Error && fine.some((kind) => error instanceof kind)) return error;
  throw error;
}
