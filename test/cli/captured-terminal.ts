import { coloursOf } from "../../src/cli/colours.js";
import type { Terminal } from "../../src/cli/terminal.js";

/** A terminal that nobody sits at, for many commands in one process: it keeps what is written to it. */
export class CapturedTerminal implements Terminal {
  stdout = "";
  stderr = "";
  readonly isInteractive = false;
  readonly isScreen: boolean = false;
  readonly colours = coloursOf(false);

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  size(): { columns: number; rows: number } {
    return { columns: 80, rows: 24 };
  }

  async confirm(): Promise<boolean> {
    return false;
  }

  interrupted(): AbortSignal {
    return new AbortController().signal;
  }

  onKey(): () => void {
    return () => {};
  }

  onResize(): () => void {
    return () => {};
  }

  async flush(): Promise<void> {}
}
