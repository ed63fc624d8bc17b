import { ConnectionError, LockedError, type StateError, UnknownOutcomeError } from "../../errors.js";
import { time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { Screen } from "../screen.js";

/** The text to show, and when to refresh it. */
export interface View {
  text(): Promise<string>;
  /** Resolves when there may be something new to show, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Throws a UsageError if there is no screen to paint on. */
export function needScreen({ terminal, json }: Invocation): void {
  if (terminal.isScreen && !json) return;
  throw new UsageError("--watch paints on a terminal; for programs there is sf-state events --follow --json");
}

/** Shows a view on the whole screen, refreshed until Ctrl-C. While the server is away, the last picture stays. */
export async function repaint(invocation: Invocation, view: View): Promise<void> {
  const { terminal } = invocation;
  const end = terminal.interrupted();
  let last = await view.text(); // an error at the start is shown on the normal screen
  using screen = new Screen(terminal);
  const stop = terminal.onResize(() => screen.paint(last));
  try {
    screen.paint(last);
    for (await view.changed(end); !end.aborted; await view.changed(end)) {
      try {
        last = await view.text();
        screen.paint(last);
      } catch (error) {
        if (!isPassing(error)) throw error;
        const warning = `${time(new Date())} UTC: ${printable(invocation.redact(error.message))}`;
        screen.paint(`${terminal.colours.red(warning)}\n${last}`);
      }
    }
  } finally {
    stop();
  }
}

/** Errors that may be over at the next try: a server that is away, a file that a bot is opening or closing, a bot that stands still. */
function isPassing(error: unknown): error is StateError {
  return error instanceof ConnectionError || error instanceof UnknownOutcomeError || error instanceof LockedError;
}
