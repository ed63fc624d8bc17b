import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { Command, type Redis } from "ioredis";
import { isElsewhere } from "./attempt-failure.js";
import { backoff } from "./backoff.js";
import { connectPatience, createClient, patience } from "./client.js";
import { ended, inWords, type Progress } from "./connect-failure.js";
import { asError, type Greeting, greet } from "./greeting.js";
import { loopClock, type Watch } from "./loop-clock.js";
import { loginOf, type RedisConfig } from "./redis-config.js";

const CLOSED = "the connection is closed";

/** How much longer a command may take for each earlier command without a reply, as long as replies come, ms. */
const TURN = 2;

/** The connection to the server that holds the flow. After a break it connects again by itself. A command is sent at once or not at all. */
export class Connection {
  /** The address, for messages; never with a password. */
  readonly address: string;
  readonly #config: RedisConfig;
  readonly #redis: Redis;
  readonly #db: number;
  readonly #patience: number;
  readonly #waiting = new Set<(error?: Error) => void>();
  /** The callers that do not wait for a server that is not there. */
  readonly #hasty = new Set<(error?: Error) => void>();
  /** The connection that has passed the greeting. */
  #proven: Socket | undefined;
  #greeting: Greeting = { denied: "not connected" };
  #user = "default";
  /** Attempts to connect that failed in a row. */
  #failures = 0;
  #progress: Progress;
  /** Why there is no connection, as far as it is known. */
  #lastError = "";
  /** The present attempt to connect has reported a cause. */
  #toldWhy = false;
  #closed = false;
  /** Commands without a reply so far. */
  #unanswered = 0;
  /** When data last came, or waiting for it began, by the loop's clock. */
  #heardAt = 0;
  /** Set while data is awaited. */
  #listening: Watch | undefined;
  /** Set while the commands of this turn of the event loop wait for its end. */
  #corked = false;

  /** Begins to connect; in a cluster, to the master of `key`'s slot. */
  constructor(config: RedisConfig, key: string) {
    this.#config = config;
    const { redis, address, db, tls } = createClient(config, key, {
      retryStrategy: () => backoff(++this.#failures),
      accepted: () => {
        this.#progress = { ...this.#progress, accepted: true };
      },
    });
    this.address = address;
    this.#redis = redis;
    this.#db = db;
    this.#patience = patience(config);
    const sought = config.cluster || config.sentinels !== undefined;
    const begun: Progress = { tls, sought, accepted: false, greeted: false, answered: false };
    this.#progress = begun;
    redis.on("connecting", () => {
      this.#progress = begun;
      this.#toldWhy = false;
    });
    redis.on("connect", () => {
      redis.stream.on("data", () => {
        this.#heardAt = loopClock.now();
      });
    });
    redis.on("ready", () => void this.#greet(redis.stream));
    redis.on("error", (error: Error) => {
      if (!isBreak(error) && !(this.#lastError !== "" && isRound(error))) this.#failed(error);
    });
    redis.on("close", () => this.#broke());
    redis.on("end", () => this.#wake(this.#lastError || CLOSED));
    this.#connect();
  }

  /** Whether a command can be sent now. */
  get isReady(): boolean {
    return this.#proven !== undefined && this.#proven === this.#redis.stream && this.#proven.writable;
  }

  /** What the server said about itself when this connection was made. */
  get greeting(): Greeting {
    return this.#greeting;
  }

  /** The user of the newest connection. */
  get user(): string {
    return this.#user;
  }

  /**
   * Resolves when a command can be sent. Rejects at the deadline (a time of the loop's clock), or as soon as it is clear that there will be no connection.
   * `hasty`: also as soon as it is clear that there is no server now.
   */
  async ready(deadline: number, hasty = false): Promise<void> {
    if (this.isReady) return;
    if (this.#closed) throw new Error(CLOSED);
    if (this.#redis.status === "end") this.#connect();
    const since = loopClock.now();
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        watch.end();
        this.#waiting.delete(settle);
        this.#hasty.delete(settle);
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
      if (hasty) this.#hasty.add(settle);
    });
  }

  /**
   * Sends a command and resolves to the reply. Rejects with the error of the server, of ioredis or of the deadline. If the server is no longer the right
   * one, the connection is given up, so that the next one goes to its successor.
   */
  send(name: string, args: (string | number)[], deadline: number): Promise<unknown> {
    return this.run(new Command(name, args, { replyEncoding: "utf8" }), deadline);
  }

  /** The same for a command object. */
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
      if (error instanceof Error && isElsewhere(error)) {
        if (stream === this.#redis.stream) this.#failed(error);
        stream.destroy();
      }
      throw error;
    } finally {
      watch.end();
      if (--this.#unanswered === 0) this.#listening?.end();
    }
  }

  /** Whether replies still belong to their commands. If one reply got lost, every later one belongs to another command. */
  async inStep(deadline: number): Promise<boolean> {
    const token = randomUUID();
    const echo = await this.send("eval", ["return ARGV[1]", 0, token], deadline).catch(() => undefined);
    return echo === token;
  }

  /** The present connection. A caller that distrusts it destroys this one, and not a newer one. */
  get stream(): Socket {
    return this.#redis.stream;
  }

  close(): void {
    this.#closed = true;
    this.#listening?.end();
    this.#redis.disconnect();
    this.#wake(CLOSED);
  }

  /** Errors are reported by "error", and the attempt is repeated. */
  #connect(): void {
    this.#redis.connect().catch(() => {});
  }

  /** Greets the server, and lets calls through once it is the right one. After a failure another connection is tried. */
  async #greet(stream: Socket): Promise<void> {
    this.#progress = { ...this.#progress, greeted: true };
    try {
      const login = await loginOf(this.#config);
      this.#user = login?.username ?? "default";
      const wanted = { login, db: this.#db, master: this.#config.sentinels !== undefined };
      const greeting = await greet((name, args) => this.#say(name, args), wanted);
      if (stream !== this.#redis.stream || !stream.writable) return;
      this.#greeting = greeting;
      this.#proven = stream;
      this.#failures = 0;
      this.#lastError = "";
      this.#wake();
    } catch (error) {
      if (stream !== this.#redis.stream) return;
      if (!isBreak(error)) this.#failed(asError(error));
      stream.destroy();
    }
  }

  /** Sends a command of the greeting, before any call goes through. */
  async #say(name: string, args: readonly (string | number)[]): Promise<unknown> {
    const command = new Command(name, [...args], { replyEncoding: "utf8" });
    const watch = loopClock.watch(loopClock.now() + connectPatience(this.#config), () => {
      command.reject(new Error("Command timed out"));
      return undefined;
    });
    try {
      return await this.#redis.sendCommand(command);
    } finally {
      watch.end();
    }
  }

  #failed(error: Error): void {
    const { message, hopeless, absent } = inWords(error, this.#progress);
    this.#lastError = message;
    this.#toldWhy = true;
    if (hopeless) this.#wake(message);
    else if (absent) for (const settle of this.#hasty) settle(new Error(message));
  }

  /** Notes the break, unless a better cause is known already. */
  #broke(): void {
    const wasProven = this.#proven !== undefined;
    this.#proven = undefined;
    this.#listening?.end();
    if (this.#toldWhy || this.#lastError !== "") return;
    this.#lastError = wasProven ? "the connection was lost" : ended(this.#progress).message;
  }

  /** Gives the connection up if data is awaited and nothing has come for too long, so that there is time for another one. */
  #listen(): void {
    if (this.#closed) return;
    this.#heardAt = loopClock.now();
    const { stream } = this.#redis;
    this.#listening?.end();
    this.#listening = loopClock.watch(this.#heardAt + this.#patience, (now) => {
      if (this.#unanswered === 0 || stream !== this.#redis.stream || stream.destroyed) return undefined;
      const until = this.#heardAt + this.#patience;
      if (now < until) return until;
      stream.destroy(new Error(`nothing came for ${Math.round(now - this.#heardAt)} ms`));
      return undefined;
    });
  }

  #wake(reason?: string): void {
    for (const settle of this.#waiting) settle(reason === undefined ? undefined : new Error(reason));
  }

  /** Lets all commands of one turn of the event loop share one write to the socket. */
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

/** Whether the error only says that all sentinels were asked once, without an error of their own. */
function isRound({ message }: Error): boolean {
  return message.startsWith("All sentinels are unreachable") && !message.includes("Last error");
}

/** Whether the error only says that the connection ended. */
function isBreak(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return (
    error.name === "MaxRetriesPerRequestError" ||
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    error.message === "Connection is closed."
  );
}
