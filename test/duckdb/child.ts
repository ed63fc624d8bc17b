import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A process of its own that runs a program in JavaScript, and the lines it prints. */
export class Child implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;

  constructor(
    program: string,
    args: readonly string[],
    { uid, limit, before = [] }: { uid?: number; limit?: number; before?: readonly string[] } = {},
  ) {
    const command = [...before, process.execPath, program, ...args];
    const limited = ["sh", "-c", `ulimit -f ${limit}; exec "$@"`, "sh", ...command];
    const [first = "", ...rest] = limit === undefined ? command : limited;
    this.#process = spawn(first, rest, {
      stdio: ["pipe", "pipe", "inherit"],
      ...(uid !== undefined && { uid, gid: uid }),
    });
    const { stdout } = this.#process;
    if (!stdout) throw new Error("a child without output");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#process.once("close", () => resolve()));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The next line; undefined after the last. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }

  [Symbol.dispose](): void {
    this.kill();
  }
}
