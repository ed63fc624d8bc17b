import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { BotSetup, Done, Order } from "./fleet-bot.js";

/** A bot ended by itself, which it does only when it cannot go on; what it said is on stderr. */
export class BotGaveUpError extends Error {
  override name = "BotGaveUpError";
}

/** A bot that starts again, under the same name, whenever somebody kills it. */
export class BotProcess {
  readonly name: string;
  readonly #setup: BotSetup;
  #child: ChildProcess;
  #failure: BotGaveUpError | undefined;
  #task: { readonly index: number; resolve(): void; reject(error: Error): void } | undefined;

  /** `program` is the fleet bot, as JavaScript. `onDeath` is told whenever it was killed, before it starts again. */
  constructor(
    private readonly program: string,
    setup: BotSetup,
    private readonly onDeath: (name: string) => void,
  ) {
    this.name = setup.name;
    this.#setup = setup;
    this.#child = this.#start(process.env);
  }

  /** Resolves when the minute is traded, however often the bot dies over it. Rejects when it gives up by itself. */
  trade(index: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#task = { index, resolve, reject };
      this.#send({ trade: index });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Tells it that the market is over, and waits for its end. */
  async finish(): Promise<void> {
    this.#child.removeAllListeners("exit");
    const ended = once(this.#child, "exit");
    this.#send({ finish: true });
    await ended;
  }

  /** Ends it, whatever it does. */
  end(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
  }

  #start(env: NodeJS.ProcessEnv): ChildProcess {
    const child = fork(this.program, [JSON.stringify(this.#setup)], { env, execArgv: [] });
    child.on("message", (message: Done) => {
      const task = this.#task;
      if (task?.index !== message.done) return;
      this.#task = undefined;
      task.resolve();
    });
    child.on("exit", (code, signal) => this.#ended(code, signal));
    return child;
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (signal === null) {
      this.#failure = new BotGaveUpError(`${this.name} ended with exit code ${code}`);
      this.#task?.reject(this.#failure);
      return;
    }
    this.onDeath(this.name);
    const { SF_DEMO_KILL, ...env } = process.env; // who was killed by a test's order is not killed again
    this.#child = this.#start(env);
    if (this.#task) this.#send({ trade: this.#task.index });
  }

  #send(order: Order): void {
    // A bot that has just died does not hear; the one that takes its place is told again.
    this.#child.send(order, () => {});
  }
}
