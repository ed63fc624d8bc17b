import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import {
  ConnectionError,
  CorruptStateError,
  HalfDoneError,
  StateError,
  StateLostError,
  UnknownFlowError,
  UnknownOutcomeError,
} from "../../errors.js";
import { notOpen } from "../../not-open.js";
import { operations } from "../../operations/all.js";
import { type ArgumentValue, addArguments } from "../../operations/arguments.js";
import { type OpenedFlow, openFlow } from "../../operations/open-flow.js";
import {
  ACCOUNT_KEYS,
  type Ask,
  COMMON_KEYS,
  mayAskAccount,
  type Operation,
  type Script as OperationScript,
  type Reply,
} from "../../operations/operation.js";
import { newEpoch } from "../../state/epoch.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { RECONNECT, wentBackText } from "../../words/went-back.js";
import type { Backend, BackendContext } from "../backend.js";
import { Loss } from "../loss.js";
import { type AttemptFailure, judge, NOT_CONNECTED } from "./attempt-failure.js";
import { CallSlots } from "./call-slots.js";
import { Connection } from "./connection.js";
import { deniedPart, type Holder } from "./denied.js";
import { emptyServer } from "./empty-server.js";
import { FlowKeys, literal } from "./keys.js";
import { loopClock } from "./loop-clock.js";
import { ANSWER_MEMORY, ANSWERS_KEPT, elapsed, type Moment, moment } from "./moment.js";
import { findPlace, takePlace } from "./place.js";
import { type Carried, Proofs } from "./proofs.js";
import type { RedisConfig } from "./redis-config.js";
import { Replicas } from "./replicas.js";
import { type Missing, missingRights, missingText, nothingAskedText, rightsOfBots, wholeCommand } from "./rights.js";
import { argumentsOf, joined, type ScriptArguments, ScriptCall, scriptArguments } from "./script-call.js";
import { type Script, script } from "./scripts.js";
import { checkServer } from "./server.js";
import { ServerClock } from "./server-clock.js";
import { StreamTail } from "./stream-tail.js";

/** Pause before asking again, ms. */
const PAUSE = 25;

/** The part of a call's time that is reserved for its answer, ms; for a hasty call, half of its time. */
const ANSWER_TIME = 200;

/** Numbers of calls have twelve digits, so that scripts can compare them as texts. */
const FIRST_CALL = 100_000_000_000;

/** The most calls that may be under way at once: each takes memory, and all wait for the first. */
const MOST_CALLS = 100_000;

/** The reply does not carry the number of the call, or the error may be another call's: the call may have happened. */
const OUT_OF_STEP = { kind: "lost", why: "an answer that belongs to another call" } as const satisfies AttemptFailure;

/** The proof failed because the server had forgotten the answers, not lost them. */
const FORGOTTEN: AttemptFailure = { kind: "wait", why: "the server had forgotten its answers" };

/** The state that refused the call may have gone back, and the server did not tell its time. */
const UNEXPLAINED: AttemptFailure = {
  kind: "wait",
  why: "its state may have gone back, and it does not tell the time",
};

/** A call on its way. Every attempt has the same script, keys and arguments, and so one effect in total. Only the proof differs. */
interface Request<Result> {
  readonly changes: boolean;
  readonly number: string;
  readonly script: Script;
  readonly keys: CallKeys;
  /** The arguments that every script of this kind has, without the proof, and then the script's own. */
  readonly common: ScriptArguments;
  readonly own: ScriptArguments;
  readonly decode: (reply: Reply) => Result;
  /** No copy was sent before this moment. */
  readonly madeAt: Moment;
  /** The slot in which a change's answer is remembered. It is held until nobody will ask for the answer again. */
  place: Place | undefined;
  /** True once a copy may have reached the server without an answer. */
  maybeSent: boolean;
  /** The period of the server's memory that has the answer; a later period does not know it. */
  readonly memory: number;
  /** The promise of `UnknownOutcomeError.retry()` once it was called; undefined again if that, too, stays unknown. */
  retried: Promise<Result> | undefined;
}

interface CallKeys {
  readonly names: readonly string[];
  readonly arguments: ScriptArguments;
}

/** What a copy of a call is sent with. A read carries no proof. */
interface Copy {
  readonly arguments: ScriptArguments;
  readonly carried?: Carried;
}

interface Place {
  readonly slots: CallSlots;
  readonly slot: number;
}

/** A flow in Redis, shared by any number of processes. Each operation is one run of its Lua script: one round trip. */
export class RedisBackend implements Backend {
  readonly #context: BackendContext;
  readonly #config: RedisConfig;
  #keys: FlowKeys;
  /** The keys of each operation. */
  readonly #keysOf = new Map<unknown, CallKeys>();
  readonly #loss: Loss;
  readonly #proofs = new Proofs();
  readonly #serverClock = new ServerClock();
  readonly #replicas: Replicas;
  #slots = new CallSlots();
  /** How often the server is known to have forgotten its answers. */
  #memory = 0;
  #connection: Connection | undefined;
  #tail: StreamTail | undefined;
  #closing: Promise<void> | undefined;
  #address = "";
  #epoch = "";
  /** Why no change may be sent; undefined once `connect` has found that changes are possible. */
  #unfit: StateError | undefined;
  #calls = FIRST_CALL;
  #answers = 0;
  #inFlight = 0;
  /** Called when nothing is in flight any more. */
  #whenIdle: (() => void) | undefined;

  constructor(context: BackendContext, config: RedisConfig) {
    this.#context = context;
    this.#config = config;
    this.#loss = context.loss ?? new Loss();
    this.#keys = new FlowKeys(config.key_prefix, context.flowId, config.cluster);
    this.#replicas = new Replicas(config);
  }

  async connect(existing = false): Promise<OpenedFlow> {
    // Await only if a close is under way: otherwise a `close` right after this call would not find it in flight.
    if (this.#closing) await this.#closing;
    if (this.#connection) throw new ConnectionError("the flow is already open");
    if (this.#config.cluster) await this.#goToPlace(existing);
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
      return Promise.reject(notOpen(operation.name));
    }
    if (this.#unfit && operation.kind === "change") return Promise.reject(this.#unfit);
    if (this.#inFlight >= MOST_CALLS) {
      const why = `${MOST_CALLS} calls are under way, and no more are accepted: wait until some have ended; nothing happened`;
      return Promise.reject(new ConnectionError(`${operation.name}: ${why}`));
    }
    const ask: Ask = (script, own) => this.#settle(this.#request(script, own, lease), this.#deadline());
    const inParts = this.#context.clock ? undefined : operation.inParts;
    return this.#track(inParts ? inParts(ask, args) : ask(operation, args));
  }

  async reopen(): Promise<OpenedFlow> {
    const opened = await this.#track(
      this.#settle(this.#request(openFlow, { epoch: "", schema: SCHEMA_VERSION }, ""), this.#deadline()),
    );
    if (!opened) throw new StateLostError("the flow is gone");
    this.#adopt(opened);
    return opened;
  }

  get place(): string | undefined {
    return this.#keys.place;
  }

  get hasAccountLog(): boolean {
    return this.#keys.account !== undefined;
  }

  async eventAfter(id: string, signal: AbortSignal, inAccount?: string): Promise<void> {
    if (!this.#connection || this.#closing) return;
    this.#tail ??= new StreamTail(this.#config, this.#keys);
    await this.#tail.after(id, signal, inAccount);
  }

  async close(): Promise<void> {
    this.#tail?.close();
    this.#tail = undefined;
    this.#closing ??= this.#finish().finally(() => {
      this.#closing = undefined;
    });
    await this.#closing;
  }

  /** Finds the flow's place: in a cluster it may be at that of an account. */
  async #goToPlace(existing: boolean): Promise<void> {
    const { flowId, account } = this.#context;
    const asked =
      existing || account === undefined
        ? findPlace(this.#config, flowId, { readsOnly: true })
        : takePlace(this.#config, flowId, account);
    const place = await this.#track(asked);
    if (this.#closing) throw new ConnectionError("connect: the flow was closed while it was being opened");
    if (this.#connection) throw new ConnectionError("the flow is already open");
    this.#keysOf.clear();
    this.#keys = new FlowKeys(this.#config.key_prefix, flowId, true, place);
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
    const deadline = loopClock.now() + this.#config.connect_timeout;
    await this.#prepare(connection, deadline, existing);
    this.#proofs.forget();
    this.#newSession();
    const flow = { epoch: existing ? "" : newEpoch(), schema: SCHEMA_VERSION };
    const opened = await this.#settle(this.#request(openFlow, flow, ""), deadline);
    if (!opened) throw await this.#unknown(connection, deadline);
    this.#adopt(opened);
    return opened;
  }

  #adopt({ epoch, account }: OpenedFlow): void {
    this.#epoch = epoch;
    this.#keys.account = account;
    this.#keysOf.clear();
  }

  async #unknown(connection: Connection, deadline: number): Promise<UnknownFlowError> {
    const info = await connection.send("info", ["server", "keyspace"], deadline).catch(() => "");
    const empty = emptyServer(String(info));
    const why = empty === undefined ? "" : `: ${empty}`;
    return new UnknownFlowError(`Redis at ${connection.address} has no flow "${this.#context.flowId}"${why}`);
  }

  /** Checks the server and the user's rights, and loads the scripts. */
  async #prepare(connection: Connection, deadline: number, existing: boolean): Promise<void> {
    for (;;) {
      await connection.ready(deadline, this.#context.isVisitor).catch((error: Error) => {
        throw new ConnectionError(`connect: Redis at ${connection.address}: ${error.message}`);
      });
      try {
        const { greeting } = connection;
        if ("info" in greeting) checkServer(greeting.info, connection.address, this.#config);
        // Both are sent in one round trip. If both fail, the error about rights is thrown.
        const taught = this.#teach(connection, deadline);
        taught.catch(() => {});
        const missing = await this.#missingRights(connection, deadline);
        this.#unfit = this.#judgeRights(missing, existing);
        if ("denied" in greeting) throw this.#refusedAtConnect(`its INFO cannot be read: ${greeting.denied}`);
        await taught;
        return;
      } catch (error) {
        if (error instanceof StateError) throw error;
        const fault = judge(error, this.#holder);
        if (fault.kind === "refused") {
          const { error: refusal } = fault;
          throw refusal instanceof ConnectionError ? this.#refusedAtConnect(refusal.message, refusal) : refusal;
        }
        const left = deadline - loopClock.now();
        if (left <= 0) {
          const why = "why" in fault ? ` (${fault.why})` : "";
          const waited = `no answer within ${this.#config.connect_timeout} ms${why}`;
          throw new ConnectionError(`connect: Redis at ${connection.address}: ${waited}`);
        }
        await pause(Math.min(PAUSE, left));
      }
    }
  }

  /** Loads the scripts that the server does not know, since all of them are a megabyte; loads all if the user may not ask which are known. */
  async #teach(connection: Connection, deadline: number): Promise<void> {
    const scripts = operations.map(({ name }) => script(name));
    const hashes = scripts.map(({ sha }) => sha);
    const known = await connection.send("script", ["EXISTS", ...hashes], deadline).catch((error: unknown) => {
      if (judge(error, this.#holder).kind !== "refused") throw error;
    });
    const missing = scripts.filter((_, at) => !Array.isArray(known) || Number(known[at]) !== 1);
    await Promise.all(missing.map(({ source }) => connection.send("script", ["LOAD", source], deadline)));
  }

  /** The account whose keys the user needs. In a cluster, an account that the flow has not joined yet is in another slot. */
  get #askedAccount(): string | undefined {
    return this.#config.cluster ? this.#keys.place : this.#context.account;
  }

  /** The commands that the user may not run. Rejects with the server's own error. */
  async #missingRights(connection: Connection, deadline: number): Promise<Missing[]> {
    const account = this.#askedAccount;
    const rights = rightsOfBots(this.#replicas.wanted).filter(
      ({ key }) => account !== undefined || !key?.startsWith("account:"),
    );
    const names = [...new Set(rights.flatMap(({ key }) => (key === undefined ? [] : [key])))];
    const keys = names.map((key) =>
      key === "execution:call" ? this.#keys.call(this.#slots.id) : this.#keys.key(key, account),
    );
    const number = String(++this.#calls);
    const commands = rights.map((right) => wholeCommand(right, (key) => names.indexOf(key) + 1));
    const called = scriptArguments(keys, [number, ...commands]);
    const asking = new ScriptCall(script("connecting/check_rights"), called, true);
    const reply = await connection.run(asking, deadline).catch((error: unknown) => {
      const denied = error instanceof Error && error.name === "ReplyError" ? deniedPart(error.message) : undefined;
      if (denied === undefined) throw error;
      throw this.#refusedAtConnect(`${nothingAskedText(denied, this.#holder)}; nothing was changed`, error);
    });
    if (!Array.isArray(reply) || reply.at(-1) !== number) {
      connection.stream.destroy();
      throw new Error(OUT_OF_STEP.why);
    }
    return missingRights(rights, reply.slice(0, -1));
  }

  /**
   * Throws if a right is missing. For a caller that only looks, the rights for reading are enough; then the missing ones are returned as the error of later
   * changes.
   */
  #judgeRights(missing: readonly Missing[], existing: boolean): ConnectionError | undefined {
    if (missing.length === 0) return undefined;
    const text = missingText(missing, this.#holder.user, (key) => this.#keys.key(key, this.#askedAccount));
    const why = `${text}; nothing was changed`;
    if (!existing || missing.some(({ right }) => !right.changes)) throw this.#refusedAtConnect(why);
    return new ConnectionError(`a change: Redis at ${this.#address}: ${why}`);
  }

  #refusedAtConnect(why: string, cause?: unknown): ConnectionError {
    return new ConnectionError(`connect: Redis at ${this.#address}: ${why}`, { cause });
  }

  /** Whose rights count, and for which keys. */
  get #holder(): Holder {
    const account = this.#askedAccount;
    const keys = [`${literal(this.#keys.prefix)}*`];
    if (account !== undefined) keys.push(`${literal(this.#keys.key("account:risk", account).replace(/risk$/, ""))}*`);
    return { user: this.#connection?.user ?? "default", keys };
  }

  #request<Args, Result>(operation: OperationScript<Args, Result>, args: Args, lease: string): Request<Result> {
    const { clock } = this.#context;
    const { name, kind } = operation;
    const changes = kind === "change";
    const now = clock ? String(clock()) : "";
    const place = changes ? this.#place() : undefined;
    const number = place ? `${place.slot}:${++this.#calls}` : `${++this.#calls}`;
    const own: ArgumentValue[] = [];
    addArguments(own, operation, args);
    return {
      changes,
      number,
      script: script(name),
      keys: this.#operationKeys(operation, args),
      common: argumentsOf(this.#commonArgv(kind, number, now, lease)),
      own: argumentsOf(own),
      decode: operation.decode,
      madeAt: moment(),
      place,
      maybeSent: false,
      memory: this.#memory,
      retried: undefined,
    };
  }

  /** The content of a call's next copy: a change carries the proof of the newest answer at this moment. */
  #copy<Result>({ place, keys, common, own }: Request<Result>): Copy {
    if (!place) return { arguments: joined(keys.arguments, common, own) };
    const carried = this.#proofs.carried(place.slots.id, keys.names.length);
    const others = carried.sessions.map((session) => this.#keys.call(session));
    const all = others.length === 0 ? keys.arguments : scriptArguments([...keys.names, ...others], []);
    return { carried, arguments: joined(all, common, argumentsOf([carried.proof]), own) };
  }

  /** The arguments that every script of this kind has, without the proof. */
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

  /** Takes a slot of the present session for a call. */
  #place(): Place {
    if (this.#slots.isOver) this.#newSession();
    return { slots: this.#slots, slot: this.#slots.take() };
  }

  #newSession(): void {
    this.#slots = new CallSlots();
    this.#keysOf.clear();
    const seen = moment();
    // If no answer comes, the earlier reading of the clock stays.
    this.#connection?.send("time", [], this.#deadline()).then(
      (time) => this.#serverClock.see(time, seen),
      () => {},
    );
  }

  /** The number of keys, and the keys: the same for every call in the same slots. */
  #operationKeys<Args, Result>(operation: OperationScript<Args, Result>, args: Args): CallKeys {
    const { kind, keys } = operation;
    const known = this.#keysOf.get(operation);
    if (known) return known;
    const named = operation.accountOf?.(args);
    const ofAccount = this.#keys.account !== undefined && mayAskAccount(operation) ? ACCOUNT_KEYS : [];
    const names = [...COMMON_KEYS[kind], ...keys, ...ofAccount].map((key) =>
      key === "execution:call" ? this.#keys.call(this.#slots.id) : this.#keys.key(key, named ?? this.#keys.account),
    );
    const found = { names, arguments: scriptArguments(names, []) };
    if (named === undefined) this.#keysOf.set(operation, found);
    return found;
  }

  /** Repeats the call until there is an answer or the deadline is over. Frees the slot unless the outcome stays unknown. */
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

  /** All callers of `retry()` share one attempt, and its answer. */
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
    let refusal = ""; // the server's own latest reason for not executing the call now
    let fault: AttemptFailure | undefined;
    for (;;) {
      const connection = this.#connection;
      if (!connection) throw this.#failed(request, "the flow is closed");
      if (!connection.isReady) await this.#ready(connection, request, deadline, refusal);
      if (request.changes) this.#loss.check();
      if (request.changes && this.#unfit) {
        throw request.maybeSent ? this.#failed(request, this.#unfit.message) : this.#unfit;
      }
      if (request.maybeSent && elapsed(request.madeAt) > ANSWER_MEMORY) {
        throw this.#failed(request, "too late to ask again");
      }
      if (request.maybeSent && request.memory !== this.#memory) {
        throw this.#failed(request, "too late to ask again: the server has forgotten its answers");
      }

      // Too little time is left for an answer: a first copy is not sent, since a plain refusal would become an unknown outcome.
      if (request.changes && !request.maybeSent && deadline - loopClock.now() < this.#answerTime()) {
        throw this.#failed(request, this.#noAnswer(fault, refusal));
      }

      const { stream } = connection;
      const copy = this.#copy(request);
      try {
        const reply = await connection.run(new ScriptCall(request.script, copy.arguments, asSource), deadline);
        if (Array.isArray(reply) && reply[reply.length - 1] === request.number) {
          const order = ++this.#answers;
          fault = await this.#unconfirmed(request, connection, stream, deadline);
          if (!fault) {
            this.#answered(request, order);
            return reply.slice(0, -1);
          }
        } else fault = OUT_OF_STEP;
      } catch (error) {
        fault = judge(error, this.#holder, request);
      }
      if (fault.kind === "refused" || fault.kind === "went_back") {
        if (!(await connection.inStep(deadline))) fault = OUT_OF_STEP;
        else if (fault.kind === "refused") throw this.#refused(request, fault);
        else fault = await this.#explain(fault, copy.carried, connection, deadline);
      }

      if (fault.kind === "unknown_script") asSource = true;
      else if (fault.kind === "lost" || fault.kind === "unconfirmed") request.maybeSent = true;
      if (fault === OUT_OF_STEP) stream.destroy();
      if (fault.kind === "wait" && fault.why !== NOT_CONNECTED) refusal = fault.why;
      const left = deadline - loopClock.now();
      if (left <= 0) {
        throw fault.kind === "unconfirmed"
          ? this.#notConfirmed(request, fault.why)
          : this.#failed(request, this.#noAnswer(fault, refusal));
      }
      if (fault.kind !== "unknown_script") await pause(Math.min(PAUSE, left));
    }
  }

  #answered<Result>({ number, place, madeAt, maybeSent }: Request<Result>, order: number): void {
    if (!place) return;
    this.#proofs.answered({ call: number, session: place.slots.id, sentAt: madeAt, at: Date.now(), order }, maybeSent);
  }

  /**
   * Waits until enough replicas have the change of the answer that just came on this connection; undefined when they do. WAIT counts only what
   * this connection wrote. An answer that may have been remembered belongs to a write on another connection, and Redis 8 and Valkey then say at once
   * that all replicas have it. So this connection first writes something itself: it sets the expiry of the remembered answers anew. A replica gets all
   * writes in one order, so one that has this write has the change before it.
   */
  async #unconfirmed<Result>(
    { changes, place, maybeSent }: Request<Result>,
    connection: Connection,
    stream: Socket,
    deadline: number,
  ): Promise<AttemptFailure | undefined> {
    const { wanted } = this.#replicas;
    if (wanted === 0 || !changes || !place) return undefined;
    const unconfirmed = (why: string) => ({ kind: "unconfirmed", why }) as const;
    try {
      if (maybeSent) {
        if (connection.stream !== stream) return unconfirmed("the connection was lost");
        const written = await connection.send("pexpire", [this.#keys.call(place.slots.id), ANSWERS_KEPT], deadline);
        if (written !== 1) return unconfirmed("what is remembered of the call is gone");
      }
      const count = await this.#replicas.confirmed(connection, stream, deadline);
      return count >= wanted ? undefined : unconfirmed(`${count} of ${wanted} replicas have it`);
    } catch (error) {
      return unconfirmed(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Explains why the state does not know an answer that this manager has. If the server has forgotten it, the call is sent again with the proof of then. If
   * nothing explains it, the state went back: throws a StateLostError.
   */
  async #explain(
    { knowsNone, why }: AttemptFailure & { kind: "went_back" },
    carried: Carried | undefined,
    connection: Connection,
    deadline: number,
  ): Promise<AttemptFailure> {
    let isForgotten = knowsNone && this.#config.allow_eviction;
    if (knowsNone && !isForgotten) {
      try {
        const time = await connection.send("time", [], deadline);
        isForgotten = this.#serverClock.jumped(time, moment()) >= ANSWER_MEMORY;
      } catch {
        return UNEXPLAINED;
      }
    }
    if (!carried || !this.#proofs.isOfNow(carried)) return FORGOTTEN;
    if (!isForgotten) {
      const holder = `Redis at ${this.#address}`;
      const known = { newest: "the newest answer to this manager", at: carried.at, holder, missing: why };
      throw this.#loss.note(wentBackText(known, RECONNECT));
    }
    this.#memory++;
    this.#proofs.forget();
    this.#newSession();
    return FORGOTTEN;
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

  /** A refusal counts only if no copy of the call was executed or can still be. */
  #refused<Result>(request: Request<Result>, { decided, error }: AttemptFailure & { kind: "refused" }): Error {
    if (error instanceof HalfDoneError) this.#unfit = error;
    return decided || !request.changes || !request.maybeSent ? error : this.#failed(request, error.message, error);
  }

  #failed<Result>(request: Request<Result>, why: string, cause?: Error): StateError | Unanswered {
    const message = `${request.script.name}: Redis at ${this.#address}: ${why}`;
    return request.changes && request.maybeSent
      ? new Unanswered(`${message}; the call was sent and may have happened: ask with retry()`, { cause })
      : new ConnectionError(`${message}; nothing happened`, { cause });
  }

  #notConfirmed<Result>({ script: { name } }: Request<Result>, why: string): Unanswered {
    const waited = `not confirmed within ${this.#config.command_timeout} ms`;
    return new Unanswered(`${name}: Redis at ${this.#address}: done here, ${waited}: ${why}; retry() waits again`);
  }

  #noAnswer(fault: AttemptFailure | undefined, refusal: string): string {
    const last = fault && "why" in fault && fault.why !== refusal ? fault.why : "";
    const whys = [refusal, last].filter((why) => why !== "").join("; then ");
    const what = refusal === "" ? "no answer" : "nothing but refusals";
    return `${what} within ${this.#config.command_timeout} ms${whys === "" ? "" : ` (${whys})`}`;
  }

  #answerTime(): number {
    const { command_timeout: whole } = this.#config;
    return Math.max(whole / 5, Math.min(whole / 2, ANSWER_TIME));
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
