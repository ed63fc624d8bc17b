/** Text that anybody may have written: ids, pairs, reasons, metadata. It is never markup, and invisible characters in it are made visible. */
import { UNSEEN } from "../../../words/unseen.js";

/** On one line; invisible characters as their code points: `a<U+202E>b`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (found) => `<${codePoint(found)}>`);
}

function codePoint(found: string): string {
  return `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The same, with a frame around each code point. The text cannot change the direction of the text beside it. */
export function Text({ of, mono = false, limit = 300 }: { of: string; mono?: boolean; limit?: number }) {
  const text = of.length > limit ? `${of.slice(0, limit)}…` : of;
  const parts: (string | preact.JSX.Element)[] = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(UNSEEN)) {
    parts.push(text.slice(at, index), <span class="unseen">{codePoint(found)}</span>);
    at = index + found.length;
  }
  parts.push(text.slice(at));
  return (
    <bdi class={mono ? "text mono" : "text"} title={text === of ? undefined : visible(of)}>
      {parts}
    </bdi>
  );
}
