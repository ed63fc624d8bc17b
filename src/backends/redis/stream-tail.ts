import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { compareEventIds } from "../../state/event-log.js";
import { Waiters } from "../waiters.js";
import { Connection } from "./connection.js";
import type { FlowKeys } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import type { RedisConfig } from "./redis-config.js";

/** How long one XREAD blocks, ms: after that, watchers look whether their flow is still there. */
const BLOCK = 5_000;

/** How long to wait before trying again after a broken connection, ms. */
const PAUSE = 100;

/** Follows a flow's event stream on a connection of its own, as long as somebody waits for the next event. */
export class StreamTail {
  readonly #config: RedisConfig;
  readonly #keys: FlowKeys;
  readonly #waiters = new Waiters();
  #connection: Connection | undefined;
  /** The newest event that was found. */
  #found = "0-0";
  /** The next XREAD asks for events after this one. */
  #reached = "0-0";
  #waiting = 0;
  #running = false;
  #closed = false;

  constructor(config: RedisConfig, keys: FlowKeys) {
    this.#config = config;
    this.#keys = keys;
  }

  /** Resolves when the stream may hold an event after this one, now and then without one, and when the signal aborts. */
  async after(id: string, signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    if (this.#running && compareEventIds(id, this.#found) < 0) return;
    if (!this.#running || compareEventIds(id, this.#reached) < 0) this.#reached = id;
    this.#waiting++;
    try {
      const woken = this.#waiters.wait(signal);
      if (!this.#running) void this.#follow();
      await woken;
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
    this.#waiters.wake();
  }

  async #follow(): Promise<void> {
    this.#running = true;
    while (!this.#closed && this.#waiting > 0) {
      try {
        const found = await this.#newest();
        if (found !== undefined) this.#found = this.#reached = found;
      } catch {
        if (!this.#closed) await pause(PAUSE);
      }
      this.#waiters.wake();
      // Those who were woken ask again in the turns that follow; look for them before giving up.
      await nextTurn();
    }
    this.#running = false;
  }

  /** The newest of the events after the one reached, as soon as there is one; undefined when there was none for a while. */
  async #newest(): Promise<string | undefined> {
    const deadline = loopClock.now() + BLOCK + this.#config.command_timeout;
    this.#connection ??= new Connection({ ...this.#config, command_timeout: 6 * BLOCK }, this.#keys.key("flow:meta"));
    await this.#connection.ready(deadline);
    const key = this.#keys.key("events:log");
    const found = await this.#connection.send(
      "xread",
      ["COUNT", 500, "BLOCK", BLOCK, "STREAMS", key, this.#reached],
      deadline,
    );
    return lastId(found);
  }
}

/** The last id of what XREAD found: a list (or, in RESP3, a map as a flat list) of stream and entries. */
function lastId(found: unknown): string | undefined {
  const stream: unknown = Array.isArray(found) ? found[0] : undefined;
  const entries: unknown = Array.isArray(stream) ? stream[1] : undefined;
  const last: unknown = Array.isArray(entries) ? entries.at(-1) : undefined;
  const id: unknown = Array.isArray(last) ? last[0] : undefined;
  return typeof id === "string" ? id : undefined;
}
