/**
 * A small file beside one that a bot has open, `<file>.pid`: it holds the bot's pid, and its modification time is when the bot's event loop last turned. A
 * command that gets no answer from the bot reads it. It is no lock: nothing depends on it.
 */
import { closeSync, fstatSync, futimesSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { SilentHolderError } from "../../errors.js";

/** How often the file's time is set, ms. */
const BEAT = 2000;

export class SignOfLife {
  readonly #path: string;
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string) {
    this.#path = path;
    // The file is made anew, so that nothing is written through a link that leads elsewhere.
    rmSync(path, { force: true });
    this.#fd = openSync(path, "wx", 0o600);
    writeSync(this.#fd, `${process.pid}\n`);
    this.#timer = setInterval(() => {
      const now = new Date();
      try {
        futimesSync(this.#fd, now, now);
      } catch {
        // The next change reports a disk that fails.
      }
    }, BEAT).unref();
  }

  static begin(file: string): SignOfLife {
    return new SignOfLife(lifePath(file));
  }

  end(): void {
    clearInterval(this.#timer);
    const own = fstatSync(this.#fd).ino;
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === own) rmSync(this.#path, { force: true });
    closeSync(this.#fd);
  }
}

export function lifePath(file: string): string {
  return `${file}.pid`;
}

/** The error for a caller that waited for an answer of the process that holds the file. */
export function silentHolder(file: string): SilentHolderError {
  const life = lifePath(file);
  const seen = statSync(life, { throwIfNoEntry: false })?.mtime;
  const pid = seen && /^\d+/.exec(readFileSync(life, "utf8"))?.[0];
  const seconds = seen && Math.max(0, Math.round((Date.now() - seen.getTime()) / 1000));
  const who = pid === undefined ? "a process that does not say which it is" : `process ${pid}`;
  const since = seen === undefined ? "" : ` since about ${seen.toISOString()} (${seconds} s ago)`;
  const kill =
    pid === undefined ? "End that process" : `End it (kill ${pid}; if it is stopped or hangs: kill -9 ${pid})`;
  return new SilentHolderError(
    `${file} is held by ${who}, which has not answered${since}: its event loop stands still, or the process is stopped. Nothing was done. ${kill}; then the same command works on the file`,
  );
}
