import type { ResolvedConfig } from "../config/schema.js";
import { shortDurationAdvice, shortDurations, shortDurationWords } from "../config/short-durations.js";
import { type Finding, findingsOf } from "./finding.js";

/** Odd settings of a valid configuration; empty if there are none. */
export function checkConfiguration(config: ResolvedConfig): Finding[] {
  return findingsOf("config", (found) => {
    for (const short of shortDurations(config)) found.note(shortDurationWords(short), shortDurationAdvice(short));
  });
}
