import { ConnectionError, LockedError, type StateError, UnknownOutcomeError } from "../../errors.js";
import { time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { Screen } from "../screen.js";

/** What is shown, and when it is time to look again. */
export interface View {
  text(): Promise<string>;
  /** Resolves when there may be something new to show, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Throws a UsageError where there is no screen to paint on. */
export function needScreen({ terminal, json }: Invocation): void {
  if (terminal.isScreen && !json) return;
  throw new UsageError("--watch paints on a terminal; for programs there is sf-state events --follow --json");
}

/** Shows a view on the whole screen, again and again, until Ctrl-C. While the server is away, the last picture stays. */
export async function repaint(invocation: Invocation, view: View): Promise<void> {
  const { terminal } = invocation;
  const end = terminal.interrupted();
  let last = await view.text(); // what is wrong from the start is told on the screen there is
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

/** What may be over the next time: a server that is away, a file that a bot is just opening or closing, a bot that stands still. */
function isPassing(error: unknown): error is StateError {
  return error instanceof ConnectionError || error instanceof UnknownOutcomeError || error instanceof LockedError;
}
