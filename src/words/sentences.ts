/** Parts of a text as sentences: ended, and all but the first capitalised, which may begin with a name. "" is none. */
export function sentences(first: string, ...more: readonly string[]): string {
  return [first, ...more.map(capital)]
    .filter((part) => part !== "")
    .map(ended)
    .join(" ");
}

/** A command is left as it is typed. */
export function capital(text: string): string {
  return text.startsWith("sf-state ") ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
