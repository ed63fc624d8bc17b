/** What is known about a state that went back. */
export interface WentBack {
  /** The newest thing that is known to have been there, in words, and its time, ms since 1970. */
  readonly newest: string;
  readonly at: number;
  /** Who has the older copy, in words. */
  readonly holder: string;
  /** What is missing in it. */
  readonly missing: string;
}

/** What happened, between which moments, and what to do. */
export function wentBackText({ newest, at, holder, missing }: WentBack, way: string): string {
  const [before, now] = [new Date(at).toISOString(), new Date().toISOString()];
  return `the state went back between ${before}, ${newest}, and ${now}: ${holder} has an older copy of the flow (${missing}). ${way}`;
}

/** What to do if a manager notices it while it works. */
export const RECONNECT =
  "This manager changes nothing any more. Close and connect again; run recover before anything else: it brings what is left in line with the exchange.";
