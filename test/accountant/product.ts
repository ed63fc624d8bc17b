/** Tells the accountant's steps to a manager, and reads from it what the accountant answers. */
import { type Config, InvalidArgumentError, type RiskState, type StateManager } from "../../src/index.js";
import type { Open } from "../contract/open.js";
import type { AccountState, Done, Outcome, Refused } from "./account-state.js";
import { exact, text, ZERO } from "./amounts.js";
import { type ProductState, readState } from "./product-state.js";
import type { Setup, Step } from "./steps.js";

/** What the manager says of a call; what it does not say is absent. */
export type ProductOutcome = ({ readonly done: true } & Partial<Omit<Done, "done">> & Blocked) | Refused;

/** Whether the breaker was active before: the product then says of no cause that it tripped, the accountant of each that was met. */
interface Blocked {
  readonly wasBlocked?: boolean;
}

/** What only the result of the call says; the rest is read off the state before and after. */
type Said = Partial<Pick<Done, "applied" | "tripped" | "over" | "exitsLeft" | "trades" | "booked" | "to">> & Blocked;

export interface Answer {
  readonly outcome: ProductOutcome;
  readonly state: ProductState;
  /** Where the product contradicts itself: what the call said, and what then stands. */
  readonly contradictions: readonly string[];
}

/** Thrown where a step is beyond what the product takes. */
export class NotInTheProduct extends Error {}

export class Product implements AsyncDisposable {
  readonly #manager: StateManager;
  readonly #clock: { now: number };
  #state: ProductState;
  /** Whether nothing was told since the state was read. */
  #fresh = true;

  private constructor(manager: StateManager, clock: { now: number }, state: ProductState) {
    this.#manager = manager;
    this.#clock = clock;
    this.#state = state;
  }

  static async open(open: Open, setup: Setup): Promise<Product> {
    const clock = { now: setup.at };
    const manager = await open(configOf(setup), { clock: () => clock.now, instanceId: "bot" });
    return new Product(manager, clock, await readState(manager, clock.now));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager.close();
  }

  get state(): ProductState {
    return this.#state;
  }

  /** Does a step; the state is read after it. */
  async tell(step: Step): Promise<Answer> {
    const before = this.#fresh ? this.#state : await readState(this.#manager, this.#clock.now);
    const said = await this.#said(step);
    this.#state = await readState(this.#manager, this.#clock.now);
    this.#fresh = true;
    const state = this.#state;
    if ("how" in said) return { outcome: said, state, contradictions: [] };
    const booked = text(sumOf(state).minus(sumOf(before)));
    const trades = state.trades.slice(before.trades.length).map(({ id }) => id);
    const contradictions = [
      ...contradiction("booked", said.booked, booked),
      ...contradiction("trades", said.trades?.join(), trades.join()),
    ];
    return { outcome: { done: true, applied: true, ...said, booked, trades }, state, contradictions };
  }

  /** Does a step, and answers only what the call itself says. */
  async ask(step: Step): Promise<ProductOutcome> {
    const said = await this.#said(step);
    this.#fresh = false;
    return "how" in said ? said : { done: true, applied: true, ...said };
  }

  async #said(step: Step): Promise<Said | Refused> {
    try {
      return await call(this.#manager, this.#clock, step);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      return { done: false, how: "argument", name: fieldOf(error.message) };
    }
  }
}

function configOf({ risk = {} }: Setup): Config {
  const { same_currency, ...known } = risk;
  return { risk: { ...known, ...(same_currency && { same_currency: [...same_currency] }) }, events: { max_length: 0 } };
}

/** `fill.size: expected ...` names the field size. */
function fieldOf(message: string): string {
  const [, path = ""] = /^([\w.]+): /.exec(message) ?? [];
  return path.slice(path.lastIndexOf(".") + 1);
}

function sumOf({ days }: Pick<AccountState, "days">) {
  return days.reduce((sum, { pnl }) => sum.plus(exact(pnl)), ZERO);
}

function contradiction(what: string, said: string | undefined, stands: string): string[] {
  return said === undefined || said === stands ? [] : [`the call said ${what} ${said}, and ${stands} stands`];
}

async function call(manager: StateManager, clock: { now: number }, step: Step): Promise<Said | Refused> {
  switch (step.call) {
    case "clock":
      [clock.now] = step.args;
      return {};
    case "savePosition":
      await manager.savePosition(...step.args);
      return {};
    case "updatePosition":
      await manager.updatePosition(...step.args);
      return {};
    case "removePosition":
      return { applied: await manager.removePosition(...step.args) };
    case "closePosition": {
      const { closed, tripped, risk, trade, exitsLeft } = await manager.closePosition(...step.args);
      return { applied: closed, ...trips(tripped, risk), trades: trade ? [trade.id] : [], exitsLeft: idsOf(exitsLeft) };
    }
    case "saveOrder":
      await manager.saveOrder(...step.args);
      return {};
    case "updateOrder":
      await manager.updateOrder(...step.args);
      return {};
    case "removeOrder":
      return { applied: await manager.removeOrder(...step.args) };
    case "cancelOrder":
      return { applied: await manager.cancelOrder(...step.args) };
    case "admit": {
      const admission = await manager.admit(...step.args);
      return admission.admitted ? {} : { done: false, how: "admission", name: admission.reason };
    }
    case "recordFill": {
      const { applied, tripped, risk, over, booked, trades, exitsLeft } = await manager.recordFill(...step.args);
      return {
        applied,
        ...trips(tripped, risk),
        ...(over !== undefined && { over }),
        booked: text(exact(booked)),
        trades: trades.map(({ id }) => id),
        exitsLeft: idsOf(exitsLeft),
      };
    }
    case "updateDailyPnl": {
      const update = await manager.updateDailyPnl(...step.args);
      return { applied: update.applied, ...trips(update.tripped, update) };
    }
    case "updateEquity": {
      const update = await manager.updateEquity(...step.args);
      return trips(update.tripped, update);
    }
    case "setRiskLimits":
      return trippedBy(manager, async () => {
        await manager.setRiskLimits(...step.args);
        return {};
      });
    case "triggerCircuitBreaker": {
      const [reason, duration] = step.args;
      await manager.triggerCircuitBreaker(reason, duration === undefined ? {} : { duration });
      return {};
    }
    case "resetCircuitBreaker":
      return resets(manager);
    case "bookCash": {
      const [amount, cash] = step.args;
      const { applied, to, tripped, risk } = await manager.bookCash(amount, cash);
      return { applied, to, ...trips(tripped, risk) };
    }
    case "recordTransfer": {
      const [amount, transfer] = step.args;
      return trippedBy(manager, async () => {
        const { applied } = await manager.recordTransfer(amount, transfer);
        return { applied };
      });
    }
  }
}

function trips(tripped: boolean, risk: Pick<RiskState, "circuitBreakerActive">) {
  return { tripped, wasBlocked: risk.circuitBreakerActive && !tripped };
}

/** Whether a call that does not say so tripped the breaker. */
async function trippedBy(manager: StateManager, work: () => Promise<Said>): Promise<Said> {
  const wasBlocked = await manager.checkCircuitBreaker();
  const said = await work();
  return { ...said, tripped: !wasBlocked && (await manager.checkCircuitBreaker()), wasBlocked };
}

/** The product says whether one was active, the accountant whether one had tripped since the last reset. */
async function resets(manager: StateManager): Promise<Said> {
  const { entries } = await manager.exportFlow();
  const wasActive = await manager.checkCircuitBreaker();
  const reset = await manager.resetCircuitBreaker();
  if (reset !== wasActive) throw new Error(`resetCircuitBreaker answered ${reset} of one that was ${wasActive}`);
  return { applied: entries["risk:circuit_breaker"].length > 0 };
}

function idsOf(orders: readonly { readonly id: string }[]): string[] {
  return orders.map(({ id }) => id).sort();
}

/** The fields of the accountant's outcome that the product told, too. */
export function comparable(outcome: Outcome, told: ProductOutcome): object {
  if (!outcome.done || !told.done) return outcome;
  const fields = new Map(Object.entries(told));
  if (told.wasBlocked && outcome.tripped) fields.delete("tripped");
  return Object.fromEntries(Object.entries(outcome).filter(([name]) => name === "over" || fields.has(name)));
}
