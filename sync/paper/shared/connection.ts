import { connect, type Socket } from "node:net";
import { onLine } from "./lines.js";
import { addressOf } from "./place.js";
import { errorOf, type Hello, hello, type Method, PROTOCOL, reply } from "./protocol.js";
import { readWireLine, wireLine } from "./wire.js";

/** A question has no answer, or could not be asked. */
export class Unanswered extends Error {}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A connection to the process that owns the exchange. It keeps this process alive only while an answer is awaited. */
export class Connection {
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #end: Unanswered | undefined;

  private constructor(
    private readonly socket: Socket,
    readonly hello: Hello,
  ) {}

  /** Rejects with an Unanswered if nobody serves an exchange there. */
  static open(path: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(addressOf(path));
      let connection: Connection | undefined;
      let failure: Error | undefined;
      socket.on("error", (error) => {
        failure = error;
      });
      socket.on("close", () => {
        const end = new Unanswered(
          connection
            ? "the connection was lost"
            : `nobody serves it at ${path}${failure ? `: ${failure.message}` : ""}`,
          { cause: failure },
        );
        if (connection) connection.#lost(end);
        reject(end);
      });
      onLine(socket, (line) => {
        try {
          if (connection) connection.#hear(line);
          else {
            connection = new Connection(socket, helloOf(line));
            socket.unref();
            resolve(connection);
          }
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          socket.destroy();
        }
      });
    });
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.socket.writable;
  }

  /** Asks once. Rejects with the exchange's own error, or with an Unanswered. */
  ask(method: Method, args: readonly unknown[]): Promise<unknown> {
    if (this.#end) return Promise.reject(this.#end);
    const ask = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve, reject });
      this.socket.ref();
      this.socket.write(wireLine({ ask, method, args }));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #hear(line: string): void {
    const told = reply.parse(readWireLine(line));
    const waiting = this.#waiting.get(told.answerTo);
    this.#waiting.delete(told.answerTo);
    if (this.#waiting.size === 0) this.socket.unref();
    if ("error" in told) waiting?.reject(errorOf(told.error));
    else waiting?.resolve(told.answer);
  }

  #lost(end: Unanswered): void {
    this.#end = end;
    for (const { reject } of this.#waiting.values()) reject(end);
    this.#waiting.clear();
  }
}

function helloOf(line: string): Hello {
  const said = readWireLine(line);
  const known = hello.safeParse(said);
  if (known.success && known.data.protocol === PROTOCOL) return known.data;
  throw new Error("what serves there speaks another version: use the same signalflow-state on both sides");
}
