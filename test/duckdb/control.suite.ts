import { statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { FrameReader, frameOf } from "../../src/backends/duckdb/control/frames.js";
import { LONGEST_QUESTION, PROTOCOL, shapeOf } from "../../src/backends/duckdb/control/messages.js";
import { fromWire, toWire } from "../../src/backends/duckdb/control/wire-value.js";
import type { DuckdbBackend } from "../../src/backends/duckdb/duckdb-backend.js";
import { HolderBackend } from "../../src/backends/duckdb/holder-backend.js";
import { onSecret, pipeOf } from "../../src/backends/duckdb/holder-socket.js";
import { ConnectionError, LockedError } from "../../src/errors.js";
import { operations } from "../../src/operations/all.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { failure } from "../contract/expect.js";
import { backend, opened } from "./backend.js";
import { position } from "./samples.js";
import { copyOf, newPath, type Test } from "./stand.js";

/** A client that says whatever it likes. */
class Rude implements Disposable {
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(1024 ** 2);
  readonly #messages: object[] = [];
  #wake = () => {};
  #greeted = false;

  constructor(path: string, reads = true) {
    this.#socket = connect(`${path}.sock`);
    this.#socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    if (!reads) return;
    this.#socket.on("data", (piece: Buffer) => {
      const end = this.#greeted ? 0 : piece.indexOf("\n") + 1;
      this.#greeted = true;
      this.#messages.push(...this.#reader.take(piece.subarray(end)));
      this.#wake();
    });
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async ask(message: object): Promise<object> {
    this.write(frameOf(message));
    for (;;) {
      const told = this.#messages.shift();
      if (told) return told;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  hello(more: object = {}): Promise<object> {
    return this.ask({ n: 1, hello: PROTOCOL, schema: SCHEMA_VERSION, version: "x", instance: "rude", ...more });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** The socket beside an open file, by which others ask and steer the bot that has it open. */
export function control(test: Test): void {
  if (process.platform === "win32") return;

  const reach = async (path: string, instance = "operator") => {
    const reached = await HolderBackend.reach(path, { flowId: "bot", instance });
    if (!reached) throw new Error("nobody is there");
    return reached;
  };

  /** The bot goes on, and what it says is in its file. */
  async function isWell(flow: DuckdbBackend, path: string): Promise<void> {
    await flow.execute(savePosition, position("after"), "");
    const again = await opened(await copyOf(path));
    assert.ok((await again.execute(getPositions, undefined, "")).some(({ id }) => id === "after"));
    await again.close();
    await flow.close();
  }

  test("a change through the socket is durable when it is answered", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const operator = await reach(path);
    await operator.execute(savePosition, position("theirs"));
    const again = await opened(await copyOf(path));
    assert.equal(
      (await again.execute(getPositions, undefined, "")).map(({ id }) => id),
      ["theirs"],
    );
    await again.close();
    await operator.close();
    await isWell(flow, path);
  });

  test("the socket, and the file that names the process, are for their owner only, and gone after a close", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("p"), "");
    for (const end of [".sock", ".pid", ".acked"]) assert.is(statSync(path + end).mode & 0o777, 0o600, end);
    await flow.close();
    for (const end of [".sock", ".pid", ".acked"])
      assert.is(statSync(path + end, { throwIfNoEntry: false }), undefined, end);
  });

  test("what no client says ends its connection, and no other", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const operator = await reach(path);
    const tooLong = Buffer.alloc(4);
    tooLong.writeUInt32BE(LONGEST_QUESTION + 1);
    const noJson = Buffer.from("\0\0\0\u0002{]");
    for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), tooLong, noJson, frameOf([1]), frameOf({ hello: 1 })]) {
      using rude = new Rude(path);
      rude.write(bytes);
      await rude.ended;
    }
    assert.equal(await operator.execute(getPositions, undefined), []);
    await operator.close();
    await isWell(flow, path);
  });

  test("another protocol, schema, operation or shape is refused by name, and nothing is done", async () => {
    const path = await newPath();
    const flow = await opened(path);
    using rude = new Rude(path);
    const refused = async (message: object, words: RegExp) => {
      const told = await rude.ask(message);
      assert.match(JSON.stringify(told), words);
      assert.ok("error" in told);
    };
    const position = { op: "get_positions", shape: shapeOf(getPositions), args: toWire(undefined), lease: "" };
    await refused({ n: 1, ...position }, /say who you are first/);
    for (const more of [{ hello: PROTOCOL + 1 }, { schema: SCHEMA_VERSION + 1 }]) {
      assert.match(JSON.stringify(await rude.hello(more)), /use the sf-state of the bot's version/);
    }
    assert.match(JSON.stringify(await rude.hello({ instance: "x".repeat(300) })), /at most 256 bytes/);
    assert.match(JSON.stringify(await rude.hello()), /"flowId":"bot"/);
    await refused(
      { n: 2, op: "drop_everything", shape: "", args: null },
      /drop_everything: .* knows no such operation/,
    );
    await refused({ n: 3, ...position, shape: "read(another)" }, /get_positions: .* with other arguments/);
    assert.ok("ok" in (await rude.ask({ n: 4, ...position })));
    await isWell(flow, path);
  });

  test("arguments of any kind harm neither the state nor the bot", async () => {
    const path = await newPath();
    const flow = await opened(path);
    using rude = new Rude(path);
    await rude.hello();
    const before = await flow.execute(getPositions, undefined, "");
    const odd = [
      null,
      1,
      "x",
      [],
      {},
      { id: 1 },
      { ...position("odd"), size: "many" },
      { ...position("odd"), entryTs: {} },
    ];
    let n = 10;
    for (const operation of operations) {
      if (operation.kind === "open") continue;
      for (const args of odd) {
        const told = await rude.ask({
          n: n++,
          op: operation.name,
          shape: shapeOf(operation),
          args: toWire(args),
          lease: "",
        });
        assert.ok("ok" in told || "error" in told);
      }
    }
    assert.equal(await flow.execute(getPositions, undefined, ""), before);
    await isWell(flow, path);
  });

  test("a client that asks much and reads nothing is cut off, and the bot works on meanwhile", async () => {
    const path = await newPath();
    const flow = await opened(path);
    for (let n = 0; n < 50; n++) await flow.execute(savePosition, { ...position(`p${n}`) }, "");
    using rude = new Rude(path, false);
    rude.write(frameOf({ n: 1, hello: PROTOCOL, schema: SCHEMA_VERSION, version: "x", instance: "greedy" }));
    const question = { op: "get_positions", shape: shapeOf(getPositions), args: toWire(undefined), lease: "" };
    for (let n = 0; n < 5000; n++) rude.write(frameOf({ n: n + 2, ...question }));
    const operator = await reach(path);
    assert.is((await operator.execute(getPositions, undefined)).length, 50);
    await flow.execute(savePosition, position("meanwhile"), "");
    await operator.close();
    await isWell(flow, path);
  });

  test("whoever comes when all places are taken gets that of the one that was silent longest", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const idle: Rude[] = [];
    try {
      for (let n = 0; n < 64; n++) {
        const one = new Rude(path);
        await one.hello();
        idle.push(one);
      }
      const operator = await reach(path);
      assert.equal(await operator.execute(getPositions, undefined), []);
      await idle[0]?.ended;
      await idle[1]?.hello();
      await operator.close();
    } finally {
      for (const one of idle) one[Symbol.dispose]();
    }
    await isWell(flow, path);
  });

  test("who waits for an event is told of it, and of the bot's end", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const operator = await reach(path);
    const never = new AbortController();
    const waiting = operator.eventAfter("0-0", never.signal);
    await flow.execute(savePosition, position("p"), "");
    await waiting;
    const given = new AbortController();
    const given_up = operator.eventAfter("9999999999999-0", given.signal);
    given.abort();
    await given_up;
    const last = operator.eventAfter("9999999999999-0", never.signal);
    const end = failure(last);
    await flow.close();
    assert.instance(await end, ConnectionError);
    assert.instance(await failure(operator.execute(getPositions, undefined)), ConnectionError);
    await operator.close();
    assert.is(await HolderBackend.reach(path, { flowId: "bot", instance: "x" }), undefined);
  });

  test("who only looks at a file is not asked", async () => {
    const path = await newPath();
    await (await opened(path)).close();
    const looker = backend(path);
    await looker.connect(true);
    assert.instance(await failure(HolderBackend.reach(path, { flowId: "bot", instance: "x" })), LockedError);
    await looker.close();
  });

  test("values go through the socket as they are", () => {
    const values = [
      undefined,
      null,
      -0,
      Number.POSITIVE_INFINITY,
      2n ** 70n,
      "\ufeff\ud800",
      new Date(5),
      new Map([["a", [new Set([1])]]]),
      { "#": "date", of: 1 },
      { a: undefined, b: [undefined] },
    ];
    for (const value of values) assert.equal(fromWire(JSON.parse(JSON.stringify(toWire(value)))), value);
    assert.throws(() => toWire(() => 1), /cannot be sent/);
    assert.throws(() => fromWire({ "#": "code", of: "x" }), /no value is told as/);
  });

  test("of a pipe, which anybody may find, only those are let in who say the secret, whatever its pieces, and what follows it is kept", async () => {
    const path = `${await newPath()}.pipe`;
    const secret = "5a".repeat(32);
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => {});
      onSecret(socket, secret, () => {
        socket.write("in");
        socket.on("data", (piece: Buffer) => heard.push(piece.toString()));
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const says = async (...pieces: string[]) => {
      const socket = connect(path);
      socket.on("error", () => {});
      socket.setNoDelay(true);
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
      const told = await new Promise<string>((resolve) => {
        socket.once("data", (piece: Buffer) => resolve(piece.toString()));
        socket.once("close", () => resolve("cut off"));
      });
      socket.destroy();
      return told;
    };
    assert.is(await says(secret.slice(0, 10), secret.slice(10)), "in");
    assert.is(await says(`${secret}hello`), "in");
    assert.is(await says(`${secret.slice(0, -1)}b`), "cut off");
    assert.is(await says("x".repeat(1000)), "cut off");
    assert.equal(heard, ["hello"]);
    server.close();
    writeFileSync(path, secret);
    const address = pipeOf(path);
    assert.equal([address?.secret, address?.path], [secret, `\\\\.\\pipe\\signalflow-${secret.slice(0, 32)}`]);
    assert.is(pipeOf(`${path}.none`), undefined);
    writeFileSync(path, "something else");
    assert.is(pipeOf(path), undefined);
  });

  test("frames come together from pieces of any length", () => {
    const messages = [{ a: 1 }, { b: "x".repeat(300) }, {}];
    const bytes = Buffer.concat(messages.map(frameOf));
    for (const length of [1, 3, 4, 5, 100, bytes.length]) {
      const reader = new FrameReader(1000);
      const found: object[] = [];
      for (let at = 0; at < bytes.length; at += length) found.push(...reader.take(bytes.subarray(at, at + length)));
      assert.equal(found, messages);
    }
  });
}
