/** Makes text of any origin, such as ids and reasons, safe to show. */
import { randomInt } from "node:crypto";
import { UNSEEN } from "./unseen.js";

/**
 * Our own colours carry a secret number until they are written, so that they can be told from colours in stored text. A terminal would not understand the
 * number: `unsigned` removes it.
 */
const SIGNATURE = String(randomInt(100_000_000, 999_999_999));
const SIGNED = new RegExp(`(\\u001b\\[)${SIGNATURE};([\\d;]*m)`, "g");
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
const ESCAPE = /\u001b\[([\d;]*m)/g;

/** The text on one line, without anything that would steer the terminal. Our own colours stay. */
export function printable(text: string): string {
  return sparing(text, (part) => part.replace(UNSEEN, "\ufffd"));
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON in which every invisible character is escaped. */
export function printableJson(json: string): string {
  return json.replace(UNSEEN, (found) =>
    found === "\n"
      ? found
      : Array.from(
          { length: found.length },
          (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`,
        ).join(""),
  );
}

/** A colour sequence marked as ours. */
export function signed(colour: string): string {
  return colour.replace(ESCAPE, `\u001b[${SIGNATURE};$1`);
}

/** The text as it is written to a terminal. */
export function unsigned(text: string): string {
  return text.replace(SIGNED, "$1$2");
}

function sparing(text: string, replaced: (part: string) => string): string {
  let result = "";
  let at = 0;
  for (const { 0: ours, index } of text.matchAll(SIGNED)) {
    result += replaced(text.slice(at, index)) + ours;
    at = index + ours.length;
  }
  return result + replaced(text.slice(at));
}
