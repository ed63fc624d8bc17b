/**
 * Interprets the operations that arrive at the socket of an open file, through the same queue as the bot's own calls. No client slows the bot down: each
 * client's questions begin one at a time, with a turn of the event loop between two, and a client that reads too slowly is cut off.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConnectionError, InvalidArgumentError } from "../../../errors.js";
import { operations } from "../../../operations/all.js";
import type { AnyOperation, Operation } from "../../../operations/operation.js";
import { SCHEMA_VERSION } from "../../../state/flow-state.js";
import { VERSION } from "../../../version.js";
import { FrameReader, frameOf } from "./frames.js";
import {
  LONGEST_ANSWER,
  LONGEST_QUESTION,
  numberIn,
  PROTOCOL,
  type StoredAccount,
  shapeOf,
  textIn,
} from "./messages.js";
import { errorToWire } from "./wire-error.js";
import { fromWire, toWire } from "./wire-value.js";

/** What the process that holds the file does for others. */
export interface Holder {
  readonly flowId: string;
  /** Runs at the flow's clock. An operator needs no lease: `lease` is empty then. */
  execute<Args, Result>(operation: Operation<Args, Result>, args: Args, caller: Caller): Promise<Result>;
  eventAfter(id: string, signal: AbortSignal): Promise<void>;
  /** Undefined if the flow is in no account. */
  account(): StoredAccount | undefined;
}

/** Who asks, and the token of the lease under which it asks. */
export interface Caller {
  readonly instance: string;
  readonly lease: string;
}

/** The most clients at once. The next one replaces the client that has been silent longest: the kill switch always gets in. */
const MOST_CLIENTS = 64;
/** A client's questions that wait for their turn, for the disk or for an event. Beyond this, no more are read. */
const MOST_QUESTIONS = 64;
/** The most bytes of unread answers of a client, apart from one answer. */
const MOST_UNREAD = 8 * 1024 ** 2;
/** A client is cut off after this time, ms, if it has not said who it is or reads nothing of an answer. */
const PATIENCE = 10_000;
const LONGEST_NAME = 256;

const BY_NAME: ReadonlyMap<string, AnyOperation> = new Map(operations.map((operation) => [operation.name, operation]));

export class ControlServer {
  /** Clients; the one that has been silent longest comes first. */
  readonly #clients = new Set<Client>();
  #closed = false;

  constructor(private readonly holder: Holder) {}

  /** Serves a connection that was greeted. */
  serve(socket: Socket): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const [silent] = this.#clients;
    if (this.#clients.size >= MOST_CLIENTS) silent?.end();
    const client: Client = new Client(this.holder, socket, {
      heard: () => {
        if (this.#clients.delete(client)) this.#clients.add(client);
      },
      gone: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
  }

  /** Stops answering. */
  close(): void {
    this.#closed = true;
    for (const client of [...this.#clients]) client.end();
  }
}

interface Told {
  heard(): void;
  gone(): void;
}

class Client {
  readonly #reader = new FrameReader(LONGEST_QUESTION);
  readonly #questions: object[] = [];
  readonly #waits = new Map<number, AbortController>();
  #instance: string | undefined;
  /** Questions that are being answered. */
  #begun = 0;
  #isBusy = false;

  constructor(
    private readonly holder: Holder,
    private readonly socket: Socket,
    private readonly told: Told,
  ) {
    socket.setTimeout(PATIENCE, () => {
      if (this.#instance === undefined || socket.writableLength > 0) this.end();
    });
    socket.on("data", (piece: Buffer) => this.#take(piece));
    socket.on("drain", () => this.#go());
    socket.on("close", () => this.end());
  }

  end(): void {
    this.told.gone();
    this.socket.destroy();
    this.#questions.length = 0;
    for (const wait of this.#waits.values()) wait.abort();
    this.#waits.clear();
  }

  #take(piece: Buffer): void {
    this.told.heard();
    try {
      for (const message of this.#reader.take(piece)) this.#questions.push(message);
    } catch {
      // The client does not follow the protocol.
      this.end();
      return;
    }
    if (this.#isFull) this.socket.pause();
    this.#go();
  }

  get #isFull(): boolean {
    return this.#questions.length + this.#begun + this.#waits.size >= MOST_QUESTIONS;
  }

  #go(): void {
    if (!this.#isBusy) void this.#answerAll();
    if (!this.#isFull) this.socket.resume();
  }

  /** Answers all waiting questions; changes that wait for the disk share a commit. Never rejects. */
  async #answerAll(): Promise<void> {
    this.#isBusy = true;
    while (this.socket.writableLength <= MOST_UNREAD && this.#begun < MOST_QUESTIONS) {
      const question = this.#questions.shift();
      if (!question) break;
      this.#begun++;
      void this.#answer(question).then(() => {
        this.#begun--;
        this.#go();
      });
      await nextTurn();
    }
    this.#isBusy = false;
  }

  async #answer(question: object): Promise<void> {
    let n: number;
    try {
      n = numberIn(question, "n");
    } catch {
      this.end();
      return;
    }
    try {
      if ("hello" in question) this.#send({ n, ok: this.#greet(question) });
      else if ("wait" in question) this.#wait(n, textIn(question, "wait"));
      else if ("cancel" in question) this.#waits.get(numberIn(question, "cancel"))?.abort();
      else if ("account" in question) this.#send({ n, ok: toWire(this.#account()) });
      else this.#send({ n, ok: toWire(await this.#run(question)) });
    } catch (error) {
      this.#send({ n, error: errorToWire(error) });
    }
  }

  #greet(question: object): object {
    const [protocol, schema, version] = [
      numberIn(question, "hello"),
      numberIn(question, "schema"),
      textIn(question, "version"),
    ];
    if (protocol !== PROTOCOL || schema !== SCHEMA_VERSION) {
      throw new ConnectionError(
        `the bot is of version ${VERSION} and cannot be asked by version ${version}: use the sf-state of the bot's version`,
      );
    }
    const instance = textIn(question, "instance");
    if (instance === "" || Buffer.byteLength(instance) > LONGEST_NAME) {
      throw new InvalidArgumentError(`instance: expected a name of at most ${LONGEST_NAME} bytes`);
    }
    this.#instance = instance;
    return { flowId: this.holder.flowId, pid: process.pid, version: VERSION };
  }

  async #run(question: object): Promise<unknown> {
    const name = textIn(question, "op");
    const operation = BY_NAME.get(name);
    if (!isKnown(operation)) {
      throw new ConnectionError(`${name}: the bot's version ${VERSION} knows no such operation; nothing was done`);
    }
    if (textIn(question, "shape") !== shapeOf(operation)) {
      throw new ConnectionError(
        `${name}: the bot's version ${VERSION} knows it with other arguments: use the sf-state of the bot's version; nothing was done`,
      );
    }
    return this.holder.execute(operation, fromWire(Reflect.get(question, "args")), {
      instance: this.#needName(),
      lease: textIn(question, "lease"),
    });
  }

  #account(): StoredAccount | undefined {
    this.#needName();
    return this.holder.account();
  }

  #needName(): string {
    if (this.#instance === undefined) throw new ConnectionError("say who you are first");
    return this.#instance;
  }

  #wait(n: number, after: string): void {
    const wait = new AbortController();
    this.#waits.set(n, wait);
    const done = (message: object) => {
      this.#waits.delete(n);
      if (this.socket.destroyed) return;
      this.#send(message);
      this.#go();
    };
    this.holder.eventAfter(after, wait.signal).then(
      () => done({ n, ok: null }),
      (error: unknown) => done({ n, error: errorToWire(error) }),
    );
  }

  #send(message: object): void {
    if (this.socket.destroyed) return;
    const frame = frameOf(message);
    if (frame.length > LONGEST_ANSWER) {
      this.#send({ n: Reflect.get(message, "n"), error: errorToWire(new ConnectionError("the answer is too long")) });
      return;
    }
    this.socket.write(frame);
  }
}

/** Whether the operation is known. Its arguments are checked when it is interpreted: nothing that could not be stored gets into the state. */
function isKnown(operation: AnyOperation | undefined): operation is Operation<unknown, unknown> {
  return operation !== undefined;
}
