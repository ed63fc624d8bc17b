import type { BotProcess } from "./bot-process.js";

/** A busy minute takes about this long, ms. */
const MINUTE_TAKES = 10;

/** Kills bots in the middle of minutes. */
export class Hitman {
  kills = 0;
  /** How many to kill in a minute, by its index. */
  readonly #plan = new Map<number, number>();

  /** Plans so many kills over some minutes. */
  constructor(kills: number, minutes: readonly number[]) {
    for (let i = 0; i < kills; i++) {
      const minute = oneOf(minutes);
      if (minute !== undefined) this.#plan.set(minute, (this.#plan.get(minute) ?? 0) + 1);
    }
  }

  async visit(minute: number, bots: readonly BotProcess[]): Promise<void> {
    for (let left = this.#plan.get(minute) ?? 0; left > 0; left--) {
      const moment = performance.now() + Math.random() * MINUTE_TAKES;
      while (performance.now() < moment) await new Promise((resolve) => setImmediate(resolve));
      oneOf(bots)?.kill();
      this.kills++;
    }
  }
}

function oneOf<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(Math.random() * items.length)];
}
