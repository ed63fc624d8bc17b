import { Connection } from "./connection.js";
import { loopClock } from "./loop-clock.js";
import type { RedisConfig } from "./redis-config.js";

/** How long one XREAD blocks, ms. After that, logs that were added meanwhile are included. */
const BLOCK = 1_000;

/** Tells which of many event logs have grown: one connection and one XREAD for all of them. They have to be in one slot. */
export class LogsTail {
  readonly #config: RedisConfig;
  #connection: Connection | undefined;

  constructor(config: RedisConfig) {
    this.#config = config;
  }

  /**
   * The keys of the streams that have an entry after their place, as soon as there is one; empty after a second without. Rejects if the server cannot be
   * asked, or the tail is closed.
   */
  async grown(places: ReadonlyMap<string, string>): Promise<string[]> {
    const keys = [...places.keys()];
    const [first] = keys;
    if (first === undefined) return [];
    const deadline = loopClock.now() + BLOCK + this.#config.command_timeout;
    this.#connection ??= new Connection({ ...this.#config, command_timeout: 6 * BLOCK }, first);
    await this.#connection.ready(deadline);
    const args = ["COUNT", 1, "BLOCK", BLOCK, "STREAMS", ...keys, ...places.values()];
    const found = await this.#connection.send("xread", args, deadline);
    const streams: unknown[] = Array.isArray(found) ? found : [];
    return streams.flatMap((stream) => (Array.isArray(stream) && typeof stream[0] === "string" ? [stream[0]] : []));
  }

  close(): void {
    this.#connection?.close();
  }
}
