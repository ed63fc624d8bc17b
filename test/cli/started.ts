import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { guardProcess } from "../servers/guardian.js";
import { until } from "../servers/until.js";
import { COMMAND, environment } from "./command.js";

/** The real command, without a terminal, while it runs. */
export class Started implements Disposable {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(args: readonly string[], cwd: string, command: readonly string[] = COMMAND, env: NodeJS.ProcessEnv = {}) {
    const [program = "", ...words] = command;
    this.#child = spawn(program, [...words, ...args], {
      cwd,
      env: environment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    guardProcess(this.#child);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = once(this.#child, "close");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whole lines of stdout. */
  get lines(): readonly string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  async says(what: RegExp): Promise<void> {
    await until(`${what} is said`, () => what.test(this.stdout) || this.#child.exitCode !== null);
    if (!what.test(this.stdout)) throw new Error(`not said: ${what}\n${this.stdout}\n${this.stderr}`);
  }

  /** Resolves to its exit code; undefined when the signal killed it. */
  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode ?? undefined;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
