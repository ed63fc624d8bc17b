/** A shape for each state, so that colour is not the only sign. */
import type { Health } from "../live/fleet-state.js";

const PATHS = {
  bad: "M5.5 .8 10.8 10.2H.2Z",
  warn: "M5.5 .2 10.8 5.5 5.5 10.8.2 5.5Z",
  ok: "M5.5 1a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z",
  unread: "M1.3 0 5.5 4.2 9.7 0 11 1.3 6.8 5.5 11 9.7 9.7 11 5.5 6.8 1.3 11 0 9.7 4.2 5.5 0 1.3Z",
  stop: "M1 1h9v9H1Z",
} as const;

export function Shape({ of }: { of: Health | "stop" }) {
  const colour = of === "stop" ? "bad" : of === "unread" ? "dim" : of;
  return (
    <svg class={`shape ${colour}`} viewBox="0 0 11 11" aria-hidden="true">
      <path d={PATHS[of]} />
    </svg>
  );
}
