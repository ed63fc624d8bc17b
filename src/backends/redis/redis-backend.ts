import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedConfig } from "../../config/schema.js";
import { ConnectionError, CorruptStateError, StateError, UnknownFlowError, UnknownOutcomeError } from "../../errors.js";
import { operations } from "../../operations/all.js";
import { type ArgumentValue, addArguments } from "../../operations/arguments.js";
import { type OpenedFlow, openFlow } from "../../operations/open-flow.js";
import { COMMON_KEYS, type Operation, type Reply } from "../../operations/operation.js";
import { newEpoch } from "../../state/epoch.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import type { Backend, BackendContext } from "../backend.js";
import { type AttemptFailure, judge } from "./attempt-failure.js";
import { CallSlots } from "./call-slots.js";
import { Connection } from "./connection.js";
import { emptyServer } from "./empty-server.js";
import { FlowKeys } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import { bulks, type ScriptArguments, ScriptCall, scriptArguments } from "./script-call.js";
import { type Script, script } from "./scripts.js";
import { checkServer } from "./server.js";
import { StreamTail } from "./stream-tail.js";

/** Redis remembers an answer for ten minutes after the call (`answer` in `lua/shared/change.lua`); ask no later than this, ms. */
const ANSWER_MEMORY = 9 * 60_000;

/** How long to wait before asking again, ms. */
const PAUSE = 25;

/** Calls that may be under way at once: what they take is memory, and all of them wait for the first. */
const MOST_CALLS = 100_000;

/** A reply that does not bear the number of the call, or an error that may be another call's: what was asked may have happened. */
const OUT_OF_STEP: AttemptFailure = { kind: "lost", why: "an answer that belongs to another call" };

/** A call on its way: the same script, keys and arguments at every attempt, and so the same effect, once. */
interface Request<Result> {
  readonly changes: boolean;
  readonly number: string;
  readonly script: Script;
  readonly arguments: ScriptArguments;
  readonly decode: (reply: Reply) => Result;
  /** No copy went out before. */
  readonly madeAt: Moment;
  /** Where a change's answer is remembered: held until nobody will ask for it again. */
  place: Place | undefined;
  /** True once a copy may have reached the server without an answer. */
  maybeSent: boolean;
  /** The answer to `UnknownOutcomeError.retry()`, once somebody asked for it; undefined again when it, too, stays unknown. */
  retried: Promise<Result> | undefined;
}

interface Place {
  readonly slots: CallSlots;
  readonly slot: number;
}

/** A flow in Redis, shared by any number of processes. Each operation is one run of its Lua script: one round trip. */
export class RedisBackend implements Backend {
  readonly #context: BackendContext;
  readonly #config: ResolvedConfig["redis"];
  readonly #keys: FlowKeys;
  readonly #keysOf = new Map<string, ScriptArguments>();
  #slots = new CallSlots();
  #connection: Connection | undefined;
  #tail: StreamTail | undefined;
  #closing: Promise<void> | undefined;
  #address = "";
  #epoch = "";
  #calls = 0;
  #inFlight = 0;
  /** Told when nothing is in flight any more. */
  #whenIdle: (() => void) | undefined;

  constructor(context: BackendContext, config: ResolvedConfig["redis"]) {
    this.#context = context;
    this.#config = config;
    this.#keys = new FlowKeys(config.key_prefix, context.flowId, config.cluster);
  }

  async connect(existing = false): Promise<OpenedFlow> {
    // Without a pause where nothing closes: a `close` that comes next has to find this one in flight.
    if (this.#closing) await this.#closing;
    if (this.#connection) throw new ConnectionError("the flow is already open");
    const connection = new Connection(this.#config, this.#keys.key("flow:meta"));
    this.#connection = connection;
    this.#address = connection.address;
    try {
      return await this.#track(this.#open(connection, existing));
    } catch (error) {
      this.#connection = undefined;
      connection.close();
      throw error;
    }
  }

  execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (!this.#connection || this.#closing) {
      return Promise.reject(new ConnectionError(`${operation.name}: the flow is not open: call connect() first`));
    }
    if (this.#inFlight >= MOST_CALLS) {
      const why = `${MOST_CALLS} calls are under way, and no more are taken: wait until some have ended; nothing happened`;
      return Promise.reject(new ConnectionError(`${operation.name}: ${why}`));
    }
    return this.#track(this.#settle(this.#request(operation, args, lease), this.#deadline()));
  }

  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    if (!this.#connection || this.#closing) return;
    this.#tail ??= new StreamTail(this.#config, this.#keys);
    await this.#tail.after(id, signal);
  }

  async close(): Promise<void> {
    this.#tail?.close();
    this.#tail = undefined;
    this.#closing ??= this.#finish().finally(() => {
      this.#closing = undefined;
    });
    await this.#closing;
  }

  async #finish(): Promise<void> {
    while (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #open(connection: Connection, existing: boolean): Promise<OpenedFlow> {
    const deadline = this.#deadline();
    await this.#prepare(connection, deadline);
    const flow = { epoch: existing ? "" : newEpoch(), schema: SCHEMA_VERSION };
    const opened = await this.#settle(this.#request(openFlow, flow, ""), deadline);
    if (!opened) throw await this.#unknown(connection, deadline);
    this.#epoch = opened.epoch;
    return opened;
  }

  async #unknown(connection: Connection, deadline: number): Promise<UnknownFlowError> {
    const info = await connection.send("info", ["server", "keyspace"], deadline).catch(() => "");
    const empty = emptyServer(String(info));
    const why = empty === undefined ? "" : `: ${empty}`;
    return new UnknownFlowError(`Redis at ${connection.address} has no flow "${this.#context.flowId}"${why}`);
  }

  /** Checks the server, and has it know the scripts. */
  async #prepare(connection: Connection, deadline: number): Promise<void> {
    const sources = operations.map(({ name }) => script(name).source);
    for (;;) {
      await connection.ready(deadline).catch((error: Error) => {
        throw new ConnectionError(`connect: Redis at ${connection.address}: ${error.message}`);
      });
      try {
        const info = await connection.send("info", [], deadline);
        checkServer(String(info), connection.address, this.#config.allow_eviction);
        await Promise.all(sources.map((source) => connection.send("script", ["LOAD", source], deadline)));
        return;
      } catch (error) {
        if (error instanceof StateError) throw error;
        const fault = judge(error);
        if (fault.kind === "refused") throw fault.error;
        const left = deadline - loopClock.now();
        if (left <= 0) throw new ConnectionError(`connect: Redis at ${connection.address}: ${this.#noAnswer(fault)}`);
        await pause(Math.min(PAUSE, left));
      }
    }
  }

  #request<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Request<Result> {
    const { clock } = this.#context;
    const { name, kind } = operation;
    const changes = kind === "change";
    const now = clock ? String(clock()) : "";
    const place = changes ? this.#place() : undefined;
    const number = place ? `${place.slot}:${++this.#calls}` : `${++this.#calls}`;
    const argv = this.#commonArgv(kind, number, now, lease);
    addArguments(argv, operation, args);
    const keys = this.#operationKeys(operation);
    return {
      changes,
      number,
      script: script(name),
      arguments: { count: keys.count + argv.length, wire: keys.wire + bulks(argv) },
      decode: operation.decode,
      madeAt: moment(),
      place,
      maybeSent: false,
      retried: undefined,
    };
  }

  #commonArgv(kind: Operation<never, unknown>["kind"], number: string, now: string, lease: string): ArgumentValue[] {
    switch (kind) {
      case "open":
        return [number, now];
      case "read":
        return [number, this.#epoch, now];
      case "change":
        return [number, this.#epoch, now, this.#context.instance, lease, this.#context.maxEvents];
    }
  }

  /** A slot for a call, among the present ones. */
  #place(): Place {
    if (this.#slots.isOver) {
      this.#slots = new CallSlots();
      this.#keysOf.clear();
    }
    return { slots: this.#slots, slot: this.#slots.take() };
  }

  /** How many keys, and the keys: the same for every call in the same slots. */
  #operationKeys<Args, Result>({ name, kind, keys }: Operation<Args, Result>): ScriptArguments {
    let found = this.#keysOf.get(name);
    if (!found) {
      const names = [...COMMON_KEYS[kind], ...keys].map((key) =>
        key === "execution:call" ? this.#keys.call(this.#slots.id) : this.#keys.key(key),
      );
      found = scriptArguments(names, []);
      this.#keysOf.set(name, found);
    }
    return found;
  }

  /** Asks until there is an answer or the deadline is over; gives the slot back unless the outcome stays unknown. */
  async #settle<Result>(request: Request<Result>, deadline: number): Promise<Result> {
    let reply: Reply;
    try {
      reply = await this.#ask(request, deadline);
    } catch (error) {
      if (error instanceof Unanswered) {
        throw new UnknownOutcomeError(error.message, () => this.#retry(request), { cause: error.cause });
      }
      this.#release(request);
      throw error;
    }
    this.#release(request);
    try {
      return request.decode(reply);
    } catch (cause) {
      throw new CorruptStateError(`${request.script.name}: what is stored could not be understood: ${String(cause)}`, {
        cause,
      });
    }
  }

  #release<Result>(request: Request<Result>): void {
    request.place?.slots.free(request.place.slot);
    request.place = undefined;
  }

  /** Everybody who asks again shares one attempt, and the answer once there is one. */
  #retry<Result>(request: Request<Result>): Promise<Result> {
    if (!request.retried) {
      const retried = this.#track(this.#settle(request, this.#deadline()));
      request.retried = retried;
      retried.catch((error: unknown) => {
        if (error instanceof UnknownOutcomeError) request.retried = undefined;
      });
    }
    return request.retried;
  }

  async #ask<Result>(request: Request<Result>, deadline: number): Promise<Reply> {
    let asSource = false;
    let refusal = ""; // what the server itself said last of why it does not do it now
    for (;;) {
      const connection = this.#connection;
      if (!connection) throw this.#failed(request, "the flow is closed");
      if (!connection.isReady) await this.#ready(connection, request, deadline, refusal);
      if (request.maybeSent && elapsed(request.madeAt) > ANSWER_MEMORY) {
        throw this.#failed(request, "too late to ask again");
      }

      const { stream } = connection;
      let fault: AttemptFailure;
      try {
        const reply = await connection.run(new ScriptCall(request.script, request.arguments, asSource), deadline);
        if (Array.isArray(reply) && reply[reply.length - 1] === request.number) return reply.slice(0, -1);
        fault = OUT_OF_STEP;
      } catch (error) {
        fault = judge(error);
      }
      if (fault.kind === "refused") {
        if (await connection.inStep(deadline)) throw this.#refused(request, fault);
        fault = OUT_OF_STEP;
      }

      if (fault.kind === "unknown_script") asSource = true;
      else if (fault.kind === "lost") request.maybeSent = true;
      if (fault === OUT_OF_STEP) stream.destroy();
      if (fault.kind === "wait") refusal = fault.why;
      const left = deadline - loopClock.now();
      // A copy without the time to be answered would make an unknown outcome of a refusal.
      const least = fault.kind === "wait" ? this.#config.command_timeout / 5 : 0;
      if (left <= least) throw this.#failed(request, this.#noAnswer(fault, refusal));
      if (fault.kind !== "unknown_script") await pause(Math.min(PAUSE, left));
    }
  }

  async #ready<Result>(
    connection: Connection,
    request: Request<Result>,
    deadline: number,
    refusal: string,
  ): Promise<void> {
    try {
      await connection.ready(deadline);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw this.#failed(request, refusal === "" ? why : `${refusal}; then ${why}`);
    }
  }

  /** A refusal counts if no copy of the call can have been executed, or will be. */
  #refused<Result>(request: Request<Result>, { decided, error }: AttemptFailure & { kind: "refused" }): Error {
    return decided || !request.changes || !request.maybeSent ? error : this.#failed(request, error.message, error);
  }

  #failed<Result>(request: Request<Result>, why: string, cause?: Error): StateError | Unanswered {
    const message = `${request.script.name}: Redis at ${this.#address}: ${why}`;
    return request.changes && request.maybeSent
      ? new Unanswered(`${message}; the call was sent and may have happened: ask with retry()`, { cause })
      : new ConnectionError(`${message}; nothing happened`, { cause });
  }

  #noAnswer(fault: AttemptFailure, refusal = ""): string {
    const whys = [refusal, "why" in fault && fault.why !== refusal ? fault.why : ""].filter((why) => why !== "");
    return `no answer within ${this.#config.command_timeout} ms${whys.length > 0 ? ` (${whys.join("; then ")})` : ""}`;
  }

  #deadline(): number {
    return loopClock.now() + this.#config.command_timeout;
  }

  async #track<T>(call: Promise<T>): Promise<T> {
    this.#inFlight++;
    try {
      return await call;
    } finally {
      if (--this.#inFlight === 0) this.#whenIdle?.();
    }
  }
}

/** The call was sent, and no answer came before the deadline. */
class Unanswered extends Error {}

/** A point in time on two clocks: the first stands still while the machine sleeps, the second may be set. */
interface Moment {
  readonly running: number;
  readonly wall: number;
}

function moment(): Moment {
  return { running: performance.now(), wall: Date.now() };
}

/** How long ago it was at most, ms. */
function elapsed(since: Moment): number {
  return Math.max(performance.now() - since.running, Date.now() - since.wall);
}
