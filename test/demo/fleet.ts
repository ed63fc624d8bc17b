import { BotProcess } from "./bot-process.js";
import type { BotSetup } from "./fleet-bot.js";

/** Bot processes that are kept in step. */
export class Fleet {
  readonly #bots: readonly BotProcess[];

  /**
   * `program` is the fleet bot, as JavaScript. `onDeath` is told the name of every bot that was killed, before it starts again.
   */
  constructor(program: string, setup: Omit<BotSetup, "name">, onDeath: (name: string) => void) {
    this.#bots = setup.names.map((name) => new BotProcess(program, { ...setup, name }, onDeath));
  }

  get bots(): readonly BotProcess[] {
    return this.#bots;
  }

  /** Resolves when every bot has traded the minute. Each time another bot is the first to hear: it would win every race. */
  async trade(index: number): Promise<void> {
    const first = index % this.#bots.length;
    const order = [...this.#bots.slice(first), ...this.#bots.slice(0, first)];
    await Promise.all(order.map((bot) => bot.trade(index)));
  }

  /** Lets every bot go home, and waits for it. */
  async finish(): Promise<void> {
    await Promise.all(this.#bots.map((bot) => bot.finish()));
  }

  /** Ends every bot that still runs, whatever it does. */
  end(): void {
    for (const bot of this.#bots) bot.end();
  }
}
