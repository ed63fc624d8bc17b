/** Alerts to a program, through its environment and standard input, without a shell. */
import { spawn } from "node:child_process";
import type { Alert } from "./alert.js";
import type { Sink } from "./sink.js";

const TIMEOUT = 30_000;

/**
 * Runs the program once for each group: the JSON of a webhook on standard input, the first alert in the environment. Exit code 0 means that they have
 * arrived.
 */
export function program(path: string, timeout = TIMEOUT): Sink {
  return {
    send: (alerts: readonly Alert[]) =>
      new Promise<void>((resolve, reject) => {
        const [first] = alerts;
        const child = spawn(path, [], {
          shell: false,
          stdio: ["pipe", "ignore", "ignore"],
          env: {
            ...process.env,
            SF_ALERTS: String(alerts.length),
            ...(first && {
              SF_ALERT_ID: first.id,
              SF_ALERT_STATE: first.state,
              SF_ALERT_FLOW: first.flow,
              SF_ALERT_KIND: first.kind,
              SF_ALERT_URGENCY: first.urgency,
              SF_ALERT_TEXT: first.text.replaceAll("\0", ""),
            }),
          },
        });
        // The one of `spawn` keeps this process for so long where there is no such program.
        const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
        child.once("error", (error) => {
          clearTimeout(timer);
          reject(new Error(`the program cannot be run: ${error.message}`));
        });
        child.once("close", (code, signal) => {
          clearTimeout(timer);
          if (code === 0) resolve();
          else reject(new Error(`the program ended with ${code ?? signal}`));
        });
        // A program that does not read its input may end before it is written.
        child.stdin.on("error", () => {});
        child.stdin.end(`${JSON.stringify({ alerts })}\n`);
      }),
  };
}
