import { once } from "node:events";
import { unsigned } from "../words/printable.js";
import { type Colours, coloursOf } from "./colours.js";

export type { Colours } from "./colours.js";

/** Where a command reads and writes. */
export interface Terminal {
  /** Writes text to stdout as it is. */
  out(text: string): void;
  /** Writes text to stderr as it is. */
  err(text: string): void;
  /** Whether a person is present: stdin and stdout are a terminal. */
  readonly isInteractive: boolean;
  /** Whether stdout can be painted on: it is a terminal. */
  readonly isScreen: boolean;
  readonly colours: Colours;
  /** Columns and rows of the screen; 80 x 24 if there is none. */
  size(): { readonly columns: number; readonly rows: number };
  /** Asks a question that is answered with yes or no; no is the default. Ctrl-C is no. */
  confirm(question: string): Promise<boolean>;
  /** Aborts when the person presses Ctrl-C, or the process gets a signal to end. From then on that no longer kills the process. */
  interrupted(): AbortSignal;
  /** Calls back with every key, as the terminal sends it, including Ctrl-C. Call the result to stop. */
  onKey(callback: (key: string) => void): () => void;
  /** Calls back when the size of the screen changes. Call the result to stop. */
  onResize(callback: () => void): () => void;
  /** Resolves when everything that was written is on its way, so that the process may exit. */
  flush(): Promise<void>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    // `sf-state events | head` closes the pipe early, which is no error.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
  const isScreen = stdout.isTTY === true;
  const { NO_COLOR, TERM } = process.env;
  return {
    out: (text) => void stdout.write(unsigned(text)),
    err: (text) => void stderr.write(unsigned(text)),
    isInteractive: isScreen && stdin.isTTY === true,
    isScreen,
    colours: coloursOf(isScreen && (NO_COLOR ?? "") === "" && TERM !== "dumb"),
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    async confirm(question) {
      const prompts = await import("@clack/prompts");
      return (await prompts.confirm({ message: question, initialValue: false })) === true;
    },
    interrupted() {
      const end = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end.abort());
      return end.signal;
    },
    onKey(callback) {
      const hear = (text: string) => callback(text);
      stdin.setRawMode(true);
      stdin.setEncoding("utf8").on("data", hear).resume();
      return () => {
        stdin.off("data", hear).pause();
        stdin.setRawMode(false);
      };
    },
    onResize(callback) {
      stdout.on("resize", callback);
      return () => stdout.off("resize", callback);
    },
    async flush() {
      for (const stream of [stdout, stderr]) if (stream.writableNeedDrain) await once(stream, "drain");
    },
  };
}
