import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { bundle } from "./bundle.js";
import { guardProcess } from "./servers/guardian.js";

const STANDBY = await bundle(new URL("./examples/standby.ts", import.meta.url));

/** ms; what is awaited longer will not come. */
const DEADLINE = 60_000;

/** A running `standby.ts`, and what it said. It dies with this process. */
export class Bot implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #closed: Promise<unknown>;
  #output = "";
  #heard = () => {};

  constructor(url: string, flowId: string, name: string, ttl: number) {
    this.name = name;
    this.#child = spawn(process.execPath, [STANDBY, url, flowId, name, `${ttl / 1_000}`]);
    guardProcess(this.#child);
    this.#closed = once(this.#child, "close").then(() => this.#heard());
    this.#child.stderr?.on("data", (chunk) => {
      this.#output += chunk;
    });
    if (!this.#child.stdout) throw new Error("a bot says nothing");
    createInterface(this.#child.stdout).on("line", (line) => {
      this.#lines.push(line.slice(name.length + 1));
      this.#heard();
    });
  }

  /** How much it has said: where `hears` is to go on from. */
  get said(): number {
    return this.#lines.length;
  }

  /** Resolves to the first line after so many that has this in it; rejects when the bot ends, or after a minute. */
  async hears(what: string, after = 0): Promise<string> {
    const deadline = performance.now() + DEADLINE;
    for (;;) {
      const line = this.#lines.find((said, at) => at >= after && said.includes(what));
      if (line !== undefined) return line;
      const left = deadline - performance.now();
      if (left <= 0 || this.#hasEnded) {
        throw new Error(
          `${this.name} never said ${JSON.stringify(what)}, but:\n${this.#lines.join("\n")}\n${this.#output}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
