import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** What a worker writes down, each line in one write, so that it outlives the worker's SIGKILL. */
type Line =
  /** It is about to do its task of this number. */
  | { readonly intends: number; readonly instance: string }
  /** It was told how that went. */
  | ({ readonly task: number } & Outcome);

/** What became of one task, as its worker knows it. */
export interface Outcome {
  /** Who set about it. What was in flight at a kill is not begun again, so that is one process only. */
  readonly instance: string;
  /** What it was told; absent when it was killed before. */
  readonly told?: string;
  /** Whether it was told that this call tripped the breaker. */
  readonly tripped: boolean;
}

export class Journal implements Disposable {
  readonly #file: number;

  constructor(
    path: string,
    private readonly instance: string,
  ) {
    this.#file = openSync(path, "a");
  }

  intends(task: number): void {
    this.#write({ intends: task, instance: this.instance });
  }

  told(task: number, told: string, tripped: boolean): void {
    this.#write({ task, instance: this.instance, told, tripped });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** The outcomes by number of the task. A task that nobody set about is not in it. */
export function readJournal(path: string): Map<number, Outcome> {
  appendFileSync(path, ""); // a worker that was killed at once has none
  const outcomes = new Map<number, Outcome>();
  for (const text of readFileSync(path, "utf8").split("\n")) {
    if (text === "") continue;
    const line: Line = JSON.parse(text);
    if ("intends" in line) outcomes.set(line.intends, { instance: line.instance, tripped: false });
    else outcomes.set(line.task, line);
  }
  return outcomes;
}
