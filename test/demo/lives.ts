import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { KillPoint } from "../../sync/demo/kill-point.js";
import type { AloneRun } from "../../sync/demo/run-alone.js";
import { guardProcess } from "../servers/guardian.js";
import { BotGaveUpError } from "./bot-process.js";
import type { BotOrder, BotWord } from "./chaos-bot.js";

/** When a life is to end: so many ms after so many steps. */
export interface Doom {
  readonly steps: number;
  readonly after: number;
}

/** How a life went: killed when it was last heard to take that step, or ended by itself. */
export type Life =
  | { readonly killed: true; readonly at: KillPoint | undefined; readonly recovering: boolean }
  | { readonly killed: false; readonly run: AloneRun };

/** How many bots are loaded ahead, while one lives. */
const AHEAD = 2;

/** The lives of a bot, one after the other. */
export class Lives implements Disposable {
  readonly #ahead: ChildProcess[];

  /** `program` is the chaos bot, as JavaScript. */
  constructor(
    private readonly program: string,
    private readonly order: BotOrder,
    /** Told what a recovery did. */
    private readonly onRecovered: (word: Extract<BotWord, { recovered: unknown }>) => void,
  ) {
    this.#ahead = Array.from({ length: AHEAD }, () => this.#start());
  }

  /** Lives one life; with a doom, until that. Rejects with a BotGaveUpError when the bot gives up by itself. */
  async live(doom: Doom | undefined): Promise<Life> {
    this.#ahead.push(this.#start());
    const child = this.#ahead.shift() ?? this.#start();
    const ended = once(child, "close");
    let steps = 0;
    let at: KillPoint | undefined;
    let recovering = false;
    let run: AloneRun | undefined;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("message", (word: BotWord) => {
      if ("run" in word) {
        run = word.run;
        return;
      }
      if ("recovered" in word) {
        this.onRecovered(word);
        return;
      }
      at = word.step;
      if (at === "recovering") recovering = true;
      if (at === "recovered") recovering = false;
      if (++steps !== doom?.steps) return;
      if (doom.after === 0) child.kill("SIGKILL");
      else setTimeout(() => child.kill("SIGKILL"), doom.after);
    });
    child.send(this.order);
    const [code, signal] = await ended;
    if (signal === "SIGKILL") return { killed: true, at, recovering };
    if (run && code === 0) return { killed: false, run };
    throw new BotGaveUpError(`the bot ended with ${signal ?? `exit code ${code}`}:\n${said.slice(-2_000)}`);
  }

  [Symbol.dispose](): void {
    for (const child of this.#ahead) child.kill("SIGKILL");
  }

  /** A bot that waits for its order once it is loaded. */
  #start(): ChildProcess {
    const child = fork(this.program, { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    guardProcess(child);
    return child;
  }
}
