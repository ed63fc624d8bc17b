import type { FaultProxy } from "../servers/proxy.js";
import type { RedisServer } from "../servers/redis.js";
import type { Crew } from "./crew.js";

/** What can befall a worker's connection, a worker, or the server. */
export type Trouble =
  | "cut"
  | "stall"
  | "stall replies"
  | "hold requests"
  | "refuse"
  | "kill a process"
  | "flush scripts"
  | "kill the server";

/** One trouble in so many tasks. */
const EVERY = 25;

/** The longest trouble, ms: some calls outlast it, some do not. */
const LONGEST = 2_500;

/** Strikes at random. A stall or refusal ends by itself; a killed process or server is replaced. */
export class Troublemaker {
  /** How often each trouble struck. */
  readonly counts = new Map<Trouble, number>();
  readonly #pending: Promise<unknown>[] = [];
  #serverIsDown = false;

  /** `proxies` are the workers', in their order; a trouble that stands in `troubles` twice is twice as likely. */
  constructor(
    private readonly redis: RedisServer,
    private readonly proxies: readonly FaultProxy[],
    private readonly troubles: readonly Trouble[],
    private readonly random: () => number,
  ) {}

  /** To be called after each task. */
  maybeStrike(crew: Crew): void {
    if (this.random() >= 1 / EVERY) return;
    const trouble = this.#oneOf(this.troubles);
    const proxy = this.#oneOf(this.proxies);
    if (!trouble || !proxy || (trouble === "kill the server" && this.#serverIsDown)) return;
    this.counts.set(trouble, (this.counts.get(trouble) ?? 0) + 1);
    this.#strike(trouble, proxy, () => crew.kill(this.proxies.indexOf(proxy)));
  }

  /** Resolves when the server is up again; rejects when it cannot be started. */
  async over(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #strike(trouble: Trouble, proxy: FaultProxy, killProcess: () => void): void {
    switch (trouble) {
      case "cut":
        proxy.cut();
        break;
      case "stall":
        proxy.stall();
        this.#later(() => proxy.resume());
        break;
      case "stall replies":
        proxy.stallReplies();
        this.#later(() => proxy.resume());
        break;
      case "hold requests":
        proxy.holdRequests();
        this.#later(() => proxy.resume());
        break;
      case "refuse":
        proxy.refuse(true);
        proxy.cut();
        this.#later(() => proxy.refuse(false));
        break;
      case "kill a process":
        killProcess();
        break;
      case "flush scripts":
        this.#pending.push(this.redis.cli("script", "flush").catch(() => "the server is down"));
        break;
      case "kill the server":
        this.#pending.push(this.#killServer());
        break;
    }
  }

  async #killServer(): Promise<void> {
    this.#serverIsDown = true;
    await this.redis.kill("SIGKILL");
    await this.redis.restart();
    this.#serverIsDown = false;
  }

  #later(end: () => void): void {
    setTimeout(end, this.random() * LONGEST).unref();
  }

  #oneOf<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }
}
