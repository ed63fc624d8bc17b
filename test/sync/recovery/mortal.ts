import type { StateManager } from "../../../src/index.js";
import type { Exchange } from "../../../sync/index.js";

/** What a process that is dead throws, whatever it is asked. */
export class Death extends Error {}

/**
 * A life that ends at a given step: there is one before and one after every call of the manager, of the recovery and of the
 * exchange. From then on nothing answers any more.
 */
export class Life {
  steps = 0;

  constructor(
    private readonly endsAt: number,
    private readonly die: () => void = () => {},
  ) {}

  /** The same thing, as long as this life lasts. */
  share<T extends StateManager | Exchange>(thing: T): T {
    return this.#mortal(thing);
  }

  #mortal<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function" || ["minSize", "recognise", "bounded"].includes(String(name)))
          return bound(value, target);
        return async (...args: unknown[]) => {
          // Who is dead lets go of nothing.
          if (name === Symbol.asyncDispose) return this.#isOver ? undefined : Reflect.apply(value, target, args);
          this.#step();
          const answer: unknown = await Reflect.apply(value, target, args);
          this.#step();
          return name === "beginRecovery" && typeof answer === "object" && answer !== null
            ? this.#mortal(answer)
            : answer;
        };
      },
    });
  }

  get #isOver(): boolean {
    return this.steps >= this.endsAt;
  }

  #step(): void {
    this.steps += 1;
    if (!this.#isOver) return;
    this.die();
    throw new Death(`step ${this.endsAt}`);
  }
}

function bound(value: unknown, target: object): unknown {
  return typeof value === "function" ? value.bind(target) : value;
}
