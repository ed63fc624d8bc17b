import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { compareEventIds } from "../../state/event-log.js";
import { Waiters } from "../waiters.js";
import { Connection } from "./connection.js";
import type { FlowKeys } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import type { RedisConfig } from "./redis-config.js";

/** How long one XREAD blocks, ms. After that, watchers check whether their flow still exists. */
const BLOCK = 5_000;

/** Pause before trying again after a broken connection, ms. */
const PAUSE = 100;

/** Places in the flow's log and in its account's; an absent place is not asked for. */
interface Places {
  flow: string;
  account: string | undefined;
}

/** Follows a flow's event stream, and its account's, on a connection of its own, as long as somebody waits for the next event. */
export class StreamTail {
  readonly #config: RedisConfig;
  readonly #keys: FlowKeys;
  readonly #waiters = new Waiters();
  #connection: Connection | undefined;
  /** The newest events found so far. */
  readonly #found: Places = { flow: "0-0", account: "0-0" };
  /** The next XREAD asks for events after these. */
  readonly #reached: Places = { flow: "0-0", account: undefined };
  #waiting = 0;
  #running = false;
  #closed = false;

  constructor(config: RedisConfig, keys: FlowKeys) {
    this.#config = config;
    this.#keys = keys;
  }

  /** Resolves when a stream may hold an event after these places, sometimes without one, and when the signal aborts. */
  async after(id: string, signal: AbortSignal, inAccount?: string): Promise<void> {
    if (this.#closed) return;
    for (const [log, place] of [["flow", id] as const, ["account", inAccount] as const]) {
      if (place === undefined) continue;
      if (this.#running && compareEventIds(place, this.#found[log] ?? "0-0") < 0) return;
      const reached = this.#reached[log];
      if (!this.#running || reached === undefined || compareEventIds(place, reached) < 0) this.#reached[log] = place;
    }
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
        for (const [log, id] of await this.#newest()) this.#found[log] = this.#reached[log] = id;
      } catch {
        if (!this.#closed) await pause(PAUSE);
      }
      this.#waiters.wake();
      // Woken callers ask again in the next turns: wait for them before giving up.
      await nextTurn();
    }
    this.#running = false;
  }

  /** The newest events after those reached, by log, as soon as there is one; empty if there was none for a while. */
  async #newest(): Promise<["flow" | "account", string][]> {
    const deadline = loopClock.now() + BLOCK + this.#config.command_timeout;
    this.#connection ??= new Connection({ ...this.#config, command_timeout: 6 * BLOCK }, this.#keys.key("flow:meta"));
    await this.#connection.ready(deadline);
    const { flow, account } = this.#reached;
    const logs: ["flow" | "account", string, string][] = [["flow", this.#keys.key("events:log"), flow]];
    if (account !== undefined && this.#keys.account !== undefined) {
      logs.push(["account", this.#keys.key("account:events"), account]);
    }
    const streams = [...logs.map(([, key]) => key), ...logs.map(([, , after]) => after)];
    const found = await this.#connection.send("xread", ["COUNT", 500, "BLOCK", BLOCK, "STREAMS", ...streams], deadline);
    return logs.flatMap(([log, key]): ["flow" | "account", string][] => {
      const id = lastId(found, key);
      return id === undefined ? [] : [[log, id]];
    });
  }
}

/** The last id of a stream in a reply to XREAD, which is a list of streams with entries. */
function lastId(found: unknown, key: string): string | undefined {
  const streams: unknown[] = Array.isArray(found) ? found : [];
  const stream = streams.find((each) => Array.isArray(each) && each[0] === key);
  const entries: unknown = Array.isArray(stream) ? stream[1] : undefined;
  const last: unknown = Array.isArray(entries) ? entries.at(-1) : undefined;
  const id: unknown = Array.isArray(last) ? last[0] : undefined;
  return typeof id === "string" ? id : undefined;
}
