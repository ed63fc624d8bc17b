/**
 * In which order servers ran the steps of several flows: their logs alone cannot tell, where two steps share a millisecond. MONITOR shows
 * each script and, after it, what it appended to which stream; the last of a stream are the last that the stream has. What several servers ran is put
 * in order by their times, which one machine's clock told.
 */
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import { pairsOf } from "../../src/words/pairs.js";
import { type KeyOwner, ownerOf } from "./race.js";

/** `id` is "" where the stream is there no more, or another is in its place. */
export type Entry = { readonly key: string; readonly id: string; readonly fields: ReadonlyMap<string, string> };

/** One script: what it appended, which look at the state it was, or which flow it put another in the place of, and at which place. */
export interface Step {
  readonly entries: readonly Entry[];
  readonly look?: string;
  readonly imported?: KeyOwner;
}

interface Appended {
  readonly key: string;
  readonly fields: ReadonlyMap<string, string>;
  id: string;
}

interface Heard {
  /** When its script began, microseconds. */
  readonly time: number;
  readonly appended: Appended[];
  readonly look?: string;
  imported?: KeyOwner;
}

const LOOK = "-- look\nlocal all = {}\nfor i = 1, #KEYS do all[i] = redis.call('HGETALL', KEYS[i]) end\nreturn all";

/** What one server runs. */
class Listener implements Disposable {
  readonly client: Redis;
  #monitor: Redis | undefined;
  readonly #steps: Heard[] = [];
  /** What was heard to be appended to each stream that is there; of those that came otherwise, what followed. */
  readonly #streams = new Map<string, Appended[]>();
  readonly #imported = new Set<string>();

  constructor(url: string) {
    this.client = new Redis(url);
  }

  async begin(): Promise<void> {
    this.#monitor = await this.client.monitor();
    this.#monitor.on("monitor", (time: string, args: string[], source: string) => this.#hear(time, args, source));
  }

  #hear(time: string, [name = "", first = "", ...others]: string[], source: string): void {
    const command = name.toUpperCase();
    if (source !== "lua") {
      if (!/^EVAL(SHA)?$/.test(command)) return;
      const look = first.startsWith("-- look") ? others.at(-1) : undefined;
      const before = this.#steps.at(-1);
      if (before?.appended.length === 0 && before.look === undefined && before.imported === undefined)
        this.#steps.pop();
      this.#steps.push({ time: Number(time) * 1e6, appended: [], ...(look !== undefined && { look }) });
      return;
    }
    const step = this.#steps.at(-1);
    if (command === "XADD" && !first.includes(":import:")) {
      // MAXLEN, how it is meant, the length, the id; then fields and values.
      const appended: Appended = { key: first, fields: new Map(pairsOf(others.slice(4))), id: "" };
      step?.appended.push(appended);
      const heard = this.#streams.get(first);
      if (heard) heard.push(appended);
      else this.#streams.set(first, [appended]);
    }
    if (command === "RENAME" || command === "UNLINK") {
      for (const gone of [first, ...others]) {
        this.#streams.delete(gone);
        this.#imported.add(gone);
      }
    }
    if (!step || command !== "RENAME") return;
    const owner = ownerOf(others[0] ?? "");
    if (owner?.name === "flow:meta") step.imported = owner;
  }

  async look(keys: readonly string[], name: string): Promise<unknown> {
    return this.client.eval(LOOK, keys.length, ...keys, name);
  }

  /** All steps so far, in order. Throws where the server was heard to append what a stream does not have, or the other way round. */
  async steps(mark: string): Promise<readonly (Step & { readonly time: number })[]> {
    const monitor = this.#monitor;
    if (!monitor) throw new Error("the witness has not begun");
    await this.look([], mark);
    while (!this.#steps.some(({ look }) => look === mark)) await once(monitor, "monitor");
    for (const [key, heard] of this.#streams) {
      const stored = await this.client.xrange(key, "-", "+");
      const before = stored.length - heard.length;
      if (before < 0) throw new Error(`the server was heard to append more to ${key} than it has`);
      if (before > 0 && !this.#imported.has(key)) throw new Error(`${key} has ${before} entries unheard`);
      for (const [at, appended] of heard.entries()) {
        const [id = "", fields = []] = stored[before + at] ?? [];
        if (!isDeepStrictEqual(new Map(pairsOf(fields)), appended.fields))
          throw new Error(`${key} ${id} is not what was heard`);
        appended.id = id;
      }
    }
    return this.#steps.map(({ time, appended, look, imported }) => ({
      time,
      entries: appended,
      ...(look !== undefined && { look }),
      ...(imported !== undefined && { imported }),
    }));
  }

  [Symbol.dispose](): void {
    this.#monitor?.disconnect();
    this.client.disconnect();
  }
}

export class Witness implements Disposable {
  readonly #listeners: readonly Listener[];
  #looks = 0;

  constructor(urls: readonly string[]) {
    this.#listeners = urls.map((url) => new Listener(url));
  }

  async begin(): Promise<void> {
    for (const listener of this.#listeners) await listener.begin();
  }

  /** All fields of these hashes of one server at one moment, and the name of the look. */
  async look(server: number, keys: readonly string[]): Promise<{ look: string; hashes: Map<string, string>[] }> {
    const look = String(this.#looks++);
    const found = await this.#listeners[server]?.look(keys, look);
    const hashes = (Array.isArray(found) ? found : []).map((flat) => new Map(pairsOf(flat)));
    return { look, hashes };
  }

  /** All steps so far of all servers, in order; those of one in the order in which it ran them. */
  async steps(): Promise<Step[]> {
    const heard = [];
    for (const listener of this.#listeners) heard.push(await listener.steps(String(this.#looks++)));
    const all = heard.flatMap((steps) => {
      let latest = 0;
      // A clock that was set back does not change the order.
      return steps.map((step) => {
        latest = Math.max(latest, step.time);
        return { step, time: latest };
      });
    });
    return all.sort((a, b) => a.time - b.time).map(({ step }) => step);
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) listener[Symbol.dispose]();
  }
}
