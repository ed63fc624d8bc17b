import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { type IPty, spawn } from "@lydell/node-pty";
import { until } from "../servers/until.js";
import { COMMAND, environment } from "./command.js";

/** The real command on a terminal of its own. */
export class PseudoTerminal implements Disposable {
  /** Everything that was written to it, control characters included. */
  written = "";
  #code: number | undefined;
  readonly #pty: IPty;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, size = { cols: 120, rows: 30 }) {
    const [program, ...words] = COMMAND;
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    this.#pty = spawn(program, [...words, ...args], { ...size, name: "xterm-256color", cwd, env: environment(env) });
    this.#pty.onData((text) => {
      this.written += text;
    });
    this.#pty.onExit(({ exitCode }) => {
      this.#code = exitCode;
    });
  }

  /** What a person has read so far. */
  get text(): string {
    return stripVTControlCharacters(this.written);
  }

  /** The same as running text: however a question was broken into lines. */
  get prose(): string {
    return this.text.replace(/[\s│]+/g, " ");
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  kill(signal: NodeJS.Signals): void {
    this.#pty.kill(signal);
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows);
  }

  async shows(what: string | RegExp): Promise<void> {
    await until(`${what} is shown`, () =>
      typeof what === "string" ? this.text.includes(what) : what.test(this.text),
    ).catch((error: unknown) => {
      throw new Error(`not shown: ${what}\n${this.text.slice(-2000)}`, { cause: error });
    });
  }

  /** As `shows`, in running text. */
  async says(words: string): Promise<void> {
    await until(`${words} is said`, () => this.prose.includes(words)).catch((error: unknown) => {
      throw new Error(`not said: ${words}\n${this.prose.slice(-2000)}`, { cause: error });
    });
  }

  async ended(): Promise<number> {
    await until("the command ends", () => this.#code !== undefined);
    return this.#code ?? -1;
  }

  [Symbol.dispose](): void {
    if (this.#code === undefined) this.#pty.kill("SIGKILL");
  }
}
