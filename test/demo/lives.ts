import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { guardProcess } from "../servers/guardian.js";
import { BotGaveUpError } from "./bot-process.js";
import type { BotOrder, BotWord } from "./chaos-bot.js";
import type { KillPoint } from "./kill-point.js";
import type { AloneRun } from "./run-alone.js";

const PROGRAM = fileURLToPath(new URL("chaos-bot.ts", import.meta.url));

/** When a life is to end: so many ms after so many steps. */
export interface Doom {
  readonly steps: number;
  readonly after: number;
}

/** How a life went: killed at the last step that it was heard to take, or ended by itself. */
export type Life =
  | { readonly killed: true; readonly steps: number; readonly at: KillPoint | undefined; readonly recovering: boolean }
  | { readonly killed: false; readonly run: AloneRun };

/** The lives of a bot, one after the other. While one lives, the next is loaded: it takes a second, and none of it is the bot's work. */
export class Lives implements Disposable {
  #next = start();

  constructor(private readonly order: BotOrder) {}

  /** Lives one life; with a doom, until that. Rejects with a BotGaveUpError when the bot gives up by itself. */
  async live(doom: Doom | undefined): Promise<Life> {
    const child = await this.#next;
    const ended = once(child, "exit");
    this.#next = start();
    let steps = 0;
    let at: KillPoint | undefined;
    let recovering = false;
    let run: AloneRun | undefined;
    child.on("message", (word: BotWord) => {
      if ("run" in word) run = word.run;
      if (!("step" in word)) return;
      at = word.step;
      if (at === "recovering") recovering = true;
      if (at === "recovered") recovering = false;
      if (++steps === doom?.steps) setTimeout(() => child.kill("SIGKILL"), doom.after);
    });
    child.send(this.order);
    const [code, signal] = await ended;
    if (signal === "SIGKILL") return { killed: true, steps, at, recovering };
    if (run && code === 0) return { killed: false, run };
    throw new BotGaveUpError(`the bot ended with ${signal ?? `exit code ${code}`}`);
  }

  [Symbol.dispose](): void {
    void this.#next.then((child) => child.kill("SIGKILL"));
  }
}

/** A bot that is loaded and waits for its order. */
async function start(): Promise<ChildProcess> {
  const child = fork(PROGRAM, { execArgv: process.execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  guardProcess(child);
  await once(child, "message");
  return child;
}
