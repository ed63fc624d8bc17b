import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** What a worker writes down, each line in one write, so that it outlives the worker's SIGKILL. */
interface Line {
  readonly instance: string;
  /** Numbers the calls of an instance. */
  readonly call: number;
  /** What is asked for, such as `admit signal-7`; on the line before the call. */
  readonly wish?: string;
  /** What the caller was told; on the line after it. */
  readonly told?: string;
  /** How often it was told that the outcome is unknown, before that. */
  readonly doubts?: number;
}

/** A call that changes something, as its caller knows it. */
export interface Call {
  readonly instance: string;
  readonly wish: string;
  /** Absent when the caller was killed before. */
  readonly told?: string;
  readonly doubts: number;
}

export class Journal implements Disposable {
  readonly #file: number;
  #calls = 0;

  constructor(
    path: string,
    private readonly instance: string,
  ) {
    this.#file = openSync(path, "a");
  }

  /** Notes a wish; the answer is noted by what this returns. */
  wish(wish: string): (told: string, doubts: number) => void {
    const call = this.#calls++;
    this.#write({ instance: this.instance, call, wish });
    return (told, doubts) => this.#write({ instance: this.instance, call, told, doubts });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** The calls of all who wrote this journal, in the order in which they were made. */
export function readJournal(path: string): Call[] {
  appendFileSync(path, ""); // a worker that was killed at once has none
  const calls = new Map<string, Call>();
  for (const text of readFileSync(path, "utf8").split("\n")) {
    if (text === "") continue;
    const { instance, call, wish, told, doubts = 0 }: Line = JSON.parse(text);
    const key = `${instance} ${call}`;
    if (wish !== undefined) calls.set(key, { instance, wish, doubts: 0 });
    else calls.set(key, { instance, wish: "", ...calls.get(key), ...(told !== undefined && { told }), doubts });
  }
  return [...calls.values()];
}
