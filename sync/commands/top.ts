import { setTimeout as pause } from "node:timers/promises";
import type { AddCommand } from "../../src/cli/command.js";
import { newest } from "../../src/cli/commands/events.js";
import { UsageError } from "../../src/cli/exit-code.js";
import { placeName } from "../../src/cli/flows.js";
import type { Invocation } from "../../src/cli/invocation.js";
import { Screen } from "../../src/cli/screen.js";
import { FlowList, type Listing } from "../../src/cli/status/flow-list.js";
import { nowOf } from "../../src/cli/status/flow-status.js";
import { alarmsOf } from "../../src/cli/status/status-text.js";
import { fleetText } from "../../src/cli/top/fleet-text.js";
import { type FlowPage, flowText } from "../../src/cli/top/flow-text.js";
import { type Key, keyOf } from "../../src/cli/top/key.js";
import { StateError } from "../../src/errors.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { StateEvent } from "../../src/types.js";
import { readFlow } from "../../src/wants/flow-reading.js";
import { watchedOf } from "../../src/wants/watched.js";
import { printable } from "../../src/words/printable.js";
import { waitingPlan, waitingPlanText } from "./waiting-plan.js";

const TICK = 1000;
/** No screen shows more. */
const EVENTS = 100;
const WHY = "by hand, in sf-state top";

export const addTop: AddCommand = (program, run) => {
  program
    .command("top")
    .description(
      "Watch all flows, open one, trip and reset its breaker, see and approve its recovery. Needs a terminal.",
    )
    .addHelpText(
      "after",
      "\nKeys: up, down or a number chooses a flow, Enter opens it; t trips, r resets its breaker, p shows its recovery; b goes back, q ends.\n\nExample:\n  $ sf-state top --url redis://localhost:6379",
    )
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { terminal, json } = invocation;
        if (!terminal.isInteractive || json) {
          throw new UsageError(
            "top needs a terminal to paint on and keys to hear; for programs there is sf-state ls --json",
          );
        }
        const config = await invocation.config();
        await using list = new FlowList(invocation, watchedOf(config, undefined));
        const top = new Top(invocation, list, placeName(config));
        await top.read(); // an error at the start is shown on the normal screen
        await top.run();
      }),
    );
};

/** The newest events, given those that were the newest before. */
async function newer(manager: StateManager, known: readonly StateEvent[] = []): Promise<readonly StateEvent[]> {
  const last = known.at(-1);
  if (!last) return newest(manager, EVENTS);
  return [...known, ...(await manager.getEvents({ after: last.id }))].slice(-EVENTS);
}

/** A question to a person, and what is done on yes. */
interface Question {
  readonly words: string;
  /** Text that is shown in place of the flow. */
  readonly page?: string;
  act(manager: StateManager): Promise<string>;
}

class Top {
  #listing: Listing = { rows: [], failures: [] };
  #selected = 0;
  /** The flow that is open. */
  #flowId: string | undefined;
  #page: FlowPage | undefined;
  #question: Question | undefined;
  #message = "";

  constructor(
    private readonly invocation: Invocation,
    private readonly list: FlowList,
    private readonly place: string,
  ) {}

  async read(): Promise<void> {
    this.#listing = await this.list.read();
    this.#selected = Math.max(0, Math.min(this.#selected, this.#listing.rows.length - 1));
    const flowId = this.#flowId;
    if (flowId === undefined) return;
    const page = await this.#with(flowId, async (manager): Promise<FlowPage> => {
      const status = await readFlow(manager);
      const recovery = await manager.getRecovery();
      const events = await newer(manager, this.#page?.events);
      return {
        status,
        alarms: alarmsOf(status, nowOf(status), watchedOf(manager.config, undefined)),
        recovery,
        events,
      };
    });
    if (this.#flowId === flowId) this.#page = page;
  }

  async run(): Promise<void> {
    const { terminal } = this.invocation;
    const end = new AbortController();
    const signal = AbortSignal.any([terminal.interrupted(), end.signal]);
    using screen = new Screen(terminal);
    let wake = () => {};
    let busy = Promise.resolve();
    let fatal: { readonly error: unknown } | undefined;
    const paint = () => screen.paint(this.#text());
    const stopKeys = terminal.onKey((text) => {
      const key = keyOf(text);
      if (key.kind === "quit") return end.abort();
      busy = busy
        .then(() => this.#press(key))
        .catch((error: unknown) => {
          if (this.#failed(error)) return;
          fatal = { error };
          end.abort();
        });
      void busy.then(() => wake());
    });
    const stopResize = terminal.onResize(paint);
    try {
      paint();
      while (!signal.aborted) {
        const pressed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([pressed, pause(TICK, undefined, { signal }).catch(() => {})]);
        if (signal.aborted) break;
        paint();
        await this.read().catch((error: unknown) => {
          if (!this.#failed(error)) throw error;
        });
        paint();
      }
      await busy;
      if (fatal) throw fatal.error;
    } finally {
      stopResize();
      stopKeys();
    }
  }

  /** Shows an error that may be over at the next reading; false for an unexpected one. */
  #failed(error: unknown): boolean {
    if (!(error instanceof StateError)) return false;
    this.#message = this.invocation.redact(error.message);
    return true;
  }

  async #press(key: Key): Promise<void> {
    const question = this.#question;
    this.#message = "";
    if (question) {
      this.#question = undefined;
      if (key.kind === "yes" && this.#flowId !== undefined)
        this.#message = await this.#with(this.#flowId, question.act);
      else this.#message = "nothing was done";
      return;
    }
    if (this.#flowId === undefined) this.#pressInFleet(key);
    else await this.#pressInFlow(key, this.#flowId);
  }

  #pressInFleet(key: Key): void {
    const { rows } = this.#listing;
    if (key.kind === "up") this.#selected = Math.max(0, this.#selected - 1);
    if (key.kind === "down") this.#selected = Math.min(rows.length - 1, this.#selected + 1);
    if (key.kind === "number") this.#selected = Math.min(rows.length, key.number) - 1;
    if (key.kind === "open" || key.kind === "number") {
      this.#flowId = rows[this.#selected]?.flowId;
      this.#page = undefined;
    }
  }

  async #pressInFlow(key: Key, flowId: string): Promise<void> {
    if (key.kind === "back") {
      this.#flowId = undefined;
      this.#page = undefined;
    }
    if (key.kind === "trip") {
      this.#question = {
        words: `Trip the breaker of ${flowId} at ${this.place}? y/n`,
        act: async (manager) => {
          await manager.triggerCircuitBreaker(WHY);
          return "tripped: entries are blocked, exits go on";
        },
      };
    }
    if (key.kind === "reset") {
      this.#question = {
        words: `Reset the breaker of ${flowId} at ${this.place}? y/n`,
        act: async (manager) =>
          (await manager.resetCircuitBreaker(WHY)) ? "reset: entries may go ahead" : "was not tripped",
      };
    }
    if (key.kind === "recovery") await this.#askRecovery(flowId);
  }

  async #askRecovery(flowId: string): Promise<void> {
    const recovery = await this.#with(flowId, (manager) => manager.getRecovery());
    const plan = recovery && waitingPlan(recovery);
    if (!plan) {
      this.#message = recovery ? "a recovery is under way; no plan waits for a person" : "no recovery is under way";
      return;
    }
    this.#question = {
      words: `Approve plan ${plan.hash} of ${flowId}? y/n`,
      page: waitingPlanText(plan, this.invocation.terminal.colours),
      act: async (manager) =>
        (await manager.approveRecovery(plan.hash)) ? `plan ${plan.hash} is approved` : "was approved before",
    };
  }

  /** Opens the flow only for a moment, so that a bot that starts finds its file free. */
  async #with<Answer>(flowId: string, work: (manager: StateManager) => Promise<Answer>): Promise<Answer> {
    await using manager = await this.invocation.openFlow(flowId);
    return await work(manager);
  }

  #text(): string {
    const { terminal } = this.invocation;
    const { rows } = terminal.size();
    const said = this.#question?.words ?? this.#message;
    const lines = this.#body().trimEnd().split("\n");
    if (said === "") return lines.slice(0, rows).join("\n");
    const { yellow } = terminal.colours;
    return [...lines.slice(0, rows - 1), yellow(printable(said))].join("\n");
  }

  #body(): string {
    const { terminal } = this.invocation;
    if (this.#question?.page !== undefined) return this.#question.page;
    if (this.#flowId === undefined) return fleetText(terminal, this.place, this.#listing, this.#selected);
    return this.#page ? flowText(terminal, this.#page) : `reading ${this.#flowId} ...`;
  }
}
