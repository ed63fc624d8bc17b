/** A flow whose file another process has open: operations go through a socket to that process, which interprets them. */
import { connect, type Socket } from "node:net";
import { ConnectionError, LockedError, UnknownFlowError, UnknownOutcomeError } from "../../errors.js";
import { type OpenedFlow, openFlow } from "../../operations/open-flow.js";
import type { Operation } from "../../operations/operation.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { VERSION } from "../../version.js";
import type { Backend } from "../backend.js";
import { FrameReader, frameOf } from "./control/frames.js";
import {
  LONGEST_ANSWER,
  LONGEST_QUESTION,
  numberIn,
  PROTOCOL,
  type StoredAccount,
  shapeOf,
  textIn,
  type Welcome,
} from "./control/messages.js";
import { errorFromWire } from "./control/wire-error.js";
import { fromWire, toWire } from "./control/wire-value.js";
import { addressOf, socketPath } from "./holder-socket.js";
import { anotherFlow } from "./identify.js";
import { silentHolder } from "./sign-of-life.js";

/** How long the holder's event loop may be busy, ms, before it counts as standing still. */
const PATIENCE = 5000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface Asking {
  /** Absent: the flow that the file holds, whichever it is. */
  readonly flowId: string | undefined;
  readonly instance: string;
}

export class HolderBackend implements Backend {
  readonly hasAccountLog = false;
  readonly #reader = new FrameReader(LONGEST_ANSWER);
  /** Questions whose answer is due. */
  readonly #pending = new Map<number, Pending>();
  /** Questions that wait for an event. */
  readonly #waiting = new Map<number, Pending>();
  /** Calls under way, without those that wait for an event. */
  readonly #asking = new Set<Promise<unknown>>();
  /** Runs while an answer is due. */
  #silence: NodeJS.Timeout | undefined;
  #asked = 0;
  #isClosed = false;
  #welcome: Welcome | undefined;

  private constructor(
    private readonly path: string,
    private readonly socket: Socket,
  ) {
    socket.on("data", (piece: Buffer) => this.#take(piece));
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  /**
   * Connects to the holder of the file at `path`, which has no symbolic links. Undefined if nobody listens there. Rejects with a SilentHolderError if its
   * event loop stands still, and with a LockedError if it answers nobody.
   */
  static async reach(path: string, { flowId, instance }: Asking): Promise<HolderBackend | undefined> {
    const address = addressOf(socketPath(path));
    if (!address) return undefined;
    const socket = connect(address.path);
    if (address.secret !== undefined) socket.write(address.secret);
    try {
      const greeting = await greeted(path, socket);
      if (!greeting) return undefined;
      if (!greeting.isOpen) throw busyHolder(path, greeting.pid);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      address.release();
    }
    const backend = new HolderBackend(path, socket);
    try {
      const told = await backend.#ask({ hello: PROTOCOL, schema: SCHEMA_VERSION, version: VERSION, instance });
      if (typeof told !== "object" || told === null) throw new TypeError("expected a welcome");
      const welcome = { flowId: textIn(told, "flowId"), pid: numberIn(told, "pid"), version: textIn(told, "version") };
      if (flowId !== undefined && welcome.flowId !== flowId) {
        throw anotherFlow(path, welcome.flowId, flowId);
      }
      backend.#welcome = welcome;
      return backend;
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  get holder(): Welcome {
    if (!this.#welcome) throw new Error("nobody has answered yet");
    return this.#welcome;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async connect(): Promise<OpenedFlow> {
    const opened = await this.execute(openFlow, { epoch: "", schema: SCHEMA_VERSION });
    if (!opened) throw new UnknownFlowError(`${this.path} holds no flow`);
    return opened;
  }

  reopen(): Promise<OpenedFlow> {
    return this.connect();
  }

  async execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease = ""): Promise<Result> {
    const question = { op: operation.name, shape: shapeOf(operation), args: toWire(args), lease };
    let told: unknown;
    try {
      told = fromWire(await this.#ask(question));
    } catch (error) {
      if (error instanceof Unanswered && operation.kind === "change")
        throw this.#unknown<Result>(operation.name, error);
      throw error instanceof Unanswered ? new ConnectionError(`${operation.name}: ${error.message}`) : error;
    }
    if (isResultOf(operation, told)) return told;
    throw new TypeError(`${operation.name}: the bot answered something else`);
  }

  /** The account that the flow is in, as the holder has it stored; undefined where it is in none. */
  async account(): Promise<StoredAccount | undefined> {
    const told = fromWire(await this.#ask({ account: true }));
    if (typeof told !== "object" || told === null) return undefined;
    const fields: unknown = Reflect.get(told, "fields");
    if (!(fields instanceof Map)) throw new TypeError("fields: expected a map");
    return {
      name: textIn(told, "name"),
      fields: new Map([...fields].map(([field, text]) => [String(field), String(text)])),
    };
  }

  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const n = this.#asked + 1;
    const cancel = () => {
      this.#waiting.get(n)?.resolve(null);
      this.#waiting.delete(n);
      this.#send({ n: ++this.#asked, cancel: n });
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      await this.#askFor({ wait: id }, this.#waiting);
    } catch (error) {
      if (this.#isClosed) return;
      throw error instanceof Unanswered ? new ConnectionError(error.message) : error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#asking);
    this.socket.destroy();
    this.#end();
  }

  /** Resolves to the answer. Rejects with `Unanswered` if the connection ends or the holder stands still. */
  #ask(question: object): Promise<unknown> {
    const asking = this.#askFor(question, this.#pending).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
    return asking;
  }

  #askFor(question: object, among: Map<number, Pending>): Promise<unknown> {
    const n = ++this.#asked;
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new ConnectionError("the bot that held the file is gone; connect again"));
        return;
      }
      among.set(n, { resolve, reject });
      try {
        this.#send({ n, ...question });
      } catch (error) {
        among.delete(n);
        reject(error);
      }
      if (!this.#silence) this.#listen();
    });
  }

  /** From now on an answer is due, unless nobody waits for one. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (this.#pending.size > 0) this.#silence = setTimeout(() => this.#giveUp(), PATIENCE);
  }

  #giveUp(): void {
    const { message } = silentHolder(this.path);
    this.#silence = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Unanswered(message));
  }

  #send(message: object): void {
    const frame = frameOf(message);
    if (frame.length > LONGEST_QUESTION)
      throw new ConnectionError("nothing was sent: the call is too long for the bot's socket");
    this.socket.write(frame);
  }

  #take(piece: Buffer): void {
    try {
      for (const message of this.#reader.take(piece)) {
        const n = numberIn(message, "n");
        const pending = this.#pending.get(n) ?? this.#waiting.get(n);
        this.#pending.delete(n);
        this.#waiting.delete(n);
        if ("error" in message) pending?.reject(errorFromWire(message.error));
        else pending?.resolve(Reflect.get(message, "ok"));
      }
      this.#listen();
    } catch {
      this.socket.destroy();
    }
  }

  #end(): void {
    const pending = [...this.#pending.values(), ...this.#waiting.values()];
    this.#pending.clear();
    this.#waiting.clear();
    this.#listen();
    for (const { reject } of pending) reject(new Unanswered("the bot that held the file ended before it answered"));
  }

  #unknown<Result>(operation: string, { message }: Unanswered): UnknownOutcomeError<Result> {
    return new UnknownOutcomeError<Result>(`${operation} may have happened, or not, or will yet: ${message}`, () =>
      Promise.reject(this.#unknown<Result>(operation, new Unanswered(message))),
    );
  }
}

function busyHolder(path: string, pid: number): LockedError {
  return new LockedError(
    `${path} is held by process ${pid}, which cannot be asked just now: it opens or closes the file, or only looks at it`,
  );
}

/** A question was sent, but no answer came. */
class Unanswered extends Error {}

/** A holder that has an operation of this name and shape answers with that operation's result. */
function isResultOf<Args, Result>(_: Operation<Args, Result>, _told: unknown): _told is Result {
  return true;
}

/** Reads who listens: `PID open`, or another word. Undefined if nobody does. */
function greeted(path: string, socket: Socket): Promise<{ pid: number; isOpen: boolean } | undefined> {
  return new Promise((resolve, reject) => {
    let line = "";
    const timer = setTimeout(() => done(() => reject(silentHolder(path))), PATIENCE);
    const done = (settle: () => void) => {
      clearTimeout(timer);
      socket.off("data", take);
      socket.off("error", fail);
      socket.off("close", end);
      settle();
    };
    const take = (piece: Buffer) => {
      line += piece.toString("latin1");
      const found = /^(\d+)(?: (\w+))?\n/.exec(line);
      if (found) done(() => resolve({ pid: Number(found[1]), isOpen: found[2] === "open" }));
    };
    const fail = (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") done(() => resolve(undefined));
      else done(() => reject(new LockedError(`${path} is held by a process that cannot be asked: ${error.code}`)));
    };
    const end = () => done(() => reject(new LockedError(`${path} is held by a process that answers nobody`)));
    socket.on("data", take);
    socket.on("error", fail);
    socket.on("close", end);
  });
}
