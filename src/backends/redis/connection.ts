import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { Command, type Redis } from "ioredis";
import type { ResolvedConfig } from "../../config/schema.js";
import { isElsewhere } from "./attempt-failure.js";
import { createClient, patience } from "./client.js";
import { loopClock, type Watch } from "./loop-clock.js";

const CLOSED = "the connection is closed";

/** How much longer a command may take for each that was sent before it and has no reply, while replies come, ms. */
const TURN = 2;

/** What trying again does not cure. */
const HOPELESS = [
  [/\b(NOAUTH|WRONGPASS)\b/, "it refused the user or password"],
  [/certificate/, "its certificate is not accepted"],
] as const;

/** The connection to the server that holds the flow. It comes back by itself after a break, and sends a command now or never. */
export class Connection {
  /** Where it connects to, for messages; never with a password. */
  readonly address: string;
  readonly #redis: Redis;
  readonly #patience: number;
  readonly #waiting = new Set<(error?: Error) => void>();
  #lastError = "";
  #closed = false;
  /** Commands without a reply so far. */
  #unanswered = 0;
  /** When something came last, or began to be waited for, by the loop's clock. */
  #heardAt = 0;
  /** While something is waited for. */
  #listening: Watch | undefined;
  /** While the commands of this turn of the event loop wait for its end. */
  #corked = false;

  /** Begins to connect. In a cluster, to the master of the slot of `key`. */
  constructor(config: ResolvedConfig["redis"], key: string) {
    const { redis, address } = createClient(config, key);
    this.address = address;
    this.#redis = redis;
    this.#patience = patience(config);
    redis.on("connect", () => {
      redis.stream.on("data", () => {
        this.#heardAt = loopClock.now();
      });
      this.#listen();
    });
    redis.on("close", () => this.#listening?.end());
    redis.on("ready", () => {
      this.#lastError = "";
      this.#wake();
    });
    redis.on("error", (error: NodeJS.ErrnoException) => {
      this.#lastError = error.message || (error.code ?? error.name);
      for (const [sign, meaning] of HOPELESS) if (sign.test(error.message)) this.#wake(`${meaning}: ${error.message}`);
    });
    redis.on("end", () => this.#wake(this.#lastError || CLOSED));
    this.#connect();
  }

  /** Whether a command can be sent now. */
  get isReady(): boolean {
    return this.#redis.status === "ready" && this.#redis.stream.writable;
  }

  /** Resolves when a command can be sent; rejects at the deadline, a time of the loop's clock, or as soon as it is clear that there will be no connection. */
  async ready(deadline: number): Promise<void> {
    if (this.isReady) return;
    if (this.#closed) throw new Error(CLOSED);
    if (this.#redis.status === "end") this.#connect();
    const since = loopClock.now();
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        watch.end();
        this.#waiting.delete(settle);
        if (error) reject(error);
        else resolve();
      };
      const giveUp = () => {
        const last = this.#lastError === "" ? "" : ` (${this.#lastError})`;
        settle(new Error(`no connection for ${Math.round(loopClock.now() - since)} ms${last}`));
        return undefined;
      };
      const watch = loopClock.watch(deadline, giveUp);
      this.#waiting.add(settle);
    });
  }

  /**
   * Sends a command and resolves to the reply; rejects with what the server, ioredis or the deadline has to say. A server that is
   * not the one to ask any more costs the connection, so that the next one goes to its successor.
   */
  send(name: string, args: (string | number)[], deadline: number): Promise<unknown> {
    return this.run(new Command(name, args, { replyEncoding: "utf8" }), deadline);
  }

  /** The same with a command that is made already. */
  async run(command: Command, deadline: number): Promise<unknown> {
    if (this.#unanswered++ > 0) this.#cork();
    else this.#listen();
    const { stream } = this.#redis;
    const latest = deadline + TURN * this.#unanswered;
    const watch = loopClock.watch(deadline, (now) => {
      const patient = Math.min(latest, this.#heardAt + this.#patience);
      if (now < patient) return patient;
      command.reject(new Error("Command timed out"));
      return undefined;
    });
    try {
      return await this.#redis.sendCommand(command);
    } catch (error) {
      if (error instanceof Error && isElsewhere(error)) stream.destroy();
      throw error;
    } finally {
      watch.end();
      if (--this.#unanswered === 0) this.#listening?.end();
    }
  }

  /** Whether replies still belong to their commands; if one got lost on the way, all that come after it do not. */
  async inStep(deadline: number): Promise<boolean> {
    const token = randomUUID();
    const echo = await this.send("eval", ["return ARGV[1]", 0, token], deadline).catch(() => undefined);
    return echo === token;
  }

  /** The connection as it is now. Whoever distrusts it destroys it, and not the one that may have taken its place. */
  get stream(): Socket {
    return this.#redis.stream;
  }

  close(): void {
    this.#closed = true;
    this.#listening?.end();
    this.#redis.disconnect();
    this.#wake(CLOSED);
  }

  /** What goes wrong is told by "error", and tried again. */
  #connect(): void {
    this.#redis.connect().catch(() => {});
  }

  /** Gives the connection up once nothing has come for too long while something is waited for, so that there is time for another one. */
  #listen(): void {
    if (this.#closed) return;
    this.#heardAt = loopClock.now();
    const { stream } = this.#redis;
    this.#listening?.end();
    this.#listening = loopClock.watch(this.#heardAt + this.#patience, (now) => {
      const isQuiet = this.#unanswered === 0 && this.#redis.status === "ready";
      if (isQuiet || stream !== this.#redis.stream || stream.destroyed) return undefined;
      const until = this.#heardAt + this.#patience;
      if (now < until) return until;
      stream.destroy(new Error(`nothing came for ${Math.round(now - this.#heardAt)} ms`));
      return undefined;
    });
  }

  #wake(reason?: string): void {
    for (const settle of this.#waiting) settle(reason === undefined ? undefined : new Error(reason));
  }

  /** Lets the commands of one turn of the event loop share one write to the socket. */
  #cork(): void {
    if (this.#corked) return;
    const { stream } = this.#redis;
    this.#corked = true;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }
}
