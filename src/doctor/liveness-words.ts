/** Which bots are alive, in words. */
import type { HolderLife, Liveness } from "../state/liveness.js";

/** `2 of 5 alive`. */
export function aliveWords({ alive, dead }: Liveness): string {
  return `${alive.length} of ${alive.length + dead.length} alive`;
}

/** Words about the holder of something; empty if it is alive. */
export const LIFE_WORDS: Readonly<Record<HolderLife, string>> = {
  alive: "",
  dead: "which is dead",
  quiet: "which gives no heartbeats: whether it is alive is not known",
  gone: "which holds it no more",
};
