/** Lines by which a test file tells `test/run.ts` what uvu says late (a failure, at the end of its suite) or never (a skip). */

const SKIPPED = "  skipped: ";
const FAILED = "  failed: ";
const TOOK = "  took ";
const FIGURE = "  figure: ";

export interface Told {
  readonly what: "failed" | "skipped" | "took" | "figure";
  /** The test's name, and what is said of it. */
  readonly text: string;
}

export function skippedLine(name: string, reason: string): string {
  return `${SKIPPED}${inOneLine(name)} (${inOneLine(reason)})`;
}

export function failedLine(name: string, error: unknown): string {
  return `${FAILED}${inOneLine(name)}: ${inOneLine(String(error)).slice(0, 500)}`;
}

export function tookLine(name: string, ms: number): string {
  return `${TOOK}${(ms / 1000).toFixed(1)} s: ${inOneLine(name)}`;
}

/** Something that is measured and reported, and not judged. */
export function figureLine(text: string): string {
  return `${FIGURE}${text}`;
}

/** What a line of a file's output tells, if it is one of those above. */
export function toldBy(line: string): Told | undefined {
  if (line.startsWith(SKIPPED)) return { what: "skipped", text: line.slice(SKIPPED.length) };
  if (line.startsWith(FAILED)) return { what: "failed", text: line.slice(FAILED.length) };
  if (line.startsWith(TOOK)) return { what: "took", text: line.slice(TOOK.length) };
  if (line.startsWith(FIGURE)) return { what: "figure", text: line.slice(FIGURE.length) };
  return undefined;
}

function inOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
