/**
 * In which order the server ran the steps of several flows: their logs alone cannot tell, where two steps share a millisecond. MONITOR shows
 * each script and, after it, what it appended to which stream; the n-th of a stream is the n-th that the stream has.
 */
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import { pairsOf } from "../../src/words/pairs.js";

export type Entry = { readonly key: string; readonly id: string; readonly fields: ReadonlyMap<string, string> };

/** One script: what it appended, which look at the state it was, or which flow it put another in the place of. */
export interface Step {
  readonly entries: readonly Entry[];
  readonly look?: string;
  readonly restored?: string;
}

interface Heard {
  readonly appended: { readonly key: string; readonly fields: ReadonlyMap<string, string> }[];
  readonly look?: string;
  restored?: string;
}

const LOOK = "-- look\nlocal all = {}\nfor i = 1, #KEYS do all[i] = redis.call('HGETALL', KEYS[i]) end\nreturn all";

export class Witness implements Disposable {
  readonly #client: Redis;
  #monitor: Redis | undefined;
  readonly #steps: Heard[] = [];
  #looks = 0;

  constructor(url: string) {
    this.#client = new Redis(url);
  }

  async begin(): Promise<void> {
    this.#monitor = await this.#client.monitor();
    this.#monitor.on("monitor", (_time: string, args: string[], source: string) => this.#hear(args, source));
  }

  #hear([command = "", first = "", ...others]: string[], source: string): void {
    if (source === "lua") {
      const step = this.#steps.at(-1);
      if (command.toUpperCase() === "XADD" && !first.includes(":import:")) {
        // MAXLEN, how it is meant, the length, the id; then fields and values.
        step?.appended.push({ key: first, fields: new Map(pairsOf(others.slice(4))) });
      }
      const [, restored] = /^sf:([^:]+):flow:meta$/.exec(others[0] ?? "") ?? [];
      if (step && command.toUpperCase() === "RENAME" && restored !== undefined) step.restored = restored;
      return;
    }
    if (!/^eval(sha)?$/i.test(command)) return;
    const look = first.startsWith("-- look") ? others.at(-1) : undefined;
    const before = this.#steps.at(-1);
    if (before?.appended.length === 0 && before.look === undefined && before.restored === undefined) this.#steps.pop();
    this.#steps.push({ appended: [], ...(look !== undefined && { look }) });
  }

  /** All fields of these hashes at one moment, and the name of the look. */
  async look(keys: readonly string[]): Promise<{ look: string; hashes: Map<string, string>[] }> {
    const look = String(this.#looks++);
    const found: unknown = await this.#client.eval(LOOK, keys.length, ...keys, look);
    const hashes = (Array.isArray(found) ? found : []).map((flat) => new Map(pairsOf(flat)));
    return { look, hashes };
  }

  /**
   * All steps so far, in order. Throws where the server was heard to append what a stream does not have, or the other way round. Logs of a flow that
   * was restored do not hold all that was appended: of those there is what was heard, without ids.
   */
  async steps(): Promise<Step[]> {
    const monitor = this.#monitor;
    if (!monitor) throw new Error("the witness has not begun");
    const mark = (await this.look([])).look;
    while (!this.#steps.some(({ look }) => look === mark)) await once(monitor, "monitor");
    const streams = new Map<string, Entry[]>();
    const restored = new Set(this.#steps.map((step) => step.restored));
    const isStored = (key: string) => !restored.has(key.split(":")[1]);
    for (const key of new Set(this.#steps.flatMap(({ appended }) => appended.map((each) => each.key)))) {
      if (!isStored(key)) continue;
      const stored = await this.#client.xrange(key, "-", "+");
      streams.set(
        key,
        stored.map(([id, fields]) => ({ key, id, fields: new Map(pairsOf(fields)) })),
      );
    }
    const steps = this.#steps.map(({ appended, look, restored: flowId }) => ({
      entries: appended.map(({ key, fields }) => {
        if (!isStored(key)) return { key, id: "", fields };
        const entry = streams.get(key)?.shift();
        if (!entry) throw new Error(`the server was heard to append more to ${key} than it has`);
        if (!isDeepStrictEqual(entry.fields, fields)) throw new Error(`${key} ${entry.id} is not what was heard`);
        return entry;
      }),
      ...(look !== undefined && { look }),
      ...(flowId !== undefined && { restored: flowId }),
    }));
    for (const [key, left] of streams)
      if (left.length > 0) throw new Error(`${key} has ${left.length} entries unheard`);
    return steps;
  }

  [Symbol.dispose](): void {
    this.#monitor?.disconnect();
    this.#client.disconnect();
  }
}
