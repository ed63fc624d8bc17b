/** Warns once if limits in money are counted in a coin that is not stable because nobody configured the flow's currency. */
import type { ResolvedConfig } from "../config/schema.js";
import { isStable, settleOf } from "../words/pair-name.js";

const IN_MONEY = ["max_daily_loss", "max_exposure"] as const;

export class CurrencyWatch {
  readonly #limits: readonly string[];
  readonly #warn: (message: string) => void;
  #isOver: boolean;

  constructor({ risk }: ResolvedConfig, warn: (message: string) => void) {
    this.#limits = IN_MONEY.filter((name) => risk[name] !== undefined).map((name) => `risk.${name}`);
    this.#warn = warn;
    this.#isOver = this.#limits.length === 0 || risk.currency !== undefined;
  }

  /** Whether the flow's currency matters here. */
  get wants(): boolean {
    return !this.#isOver;
  }

  /** Notes the flow's currency at connect; empty as long as no pair has decided it. */
  know(currency: string): void {
    if (currency !== "") this.#judge(currency, "as its first pair settles");
  }

  /** Notes a pair of a call: the first pair decides the flow's currency. */
  see(pair: unknown): void {
    if (this.#isOver || typeof pair !== "string") return;
    const settle = settleOf(pair);
    if (settle !== "") this.#judge(settle, `what ${pair} settles in`);
  }

  #judge(currency: string, why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (isStable(currency)) return;
    this.#warn(
      `${this.#limits.join(" and ")}: the flow is counted in ${currency}, ${why}: set risk.currency if that is not meant`,
    );
  }
}
