/** The parts as sentences: each ends with a full stop, and all but the first, which may begin with a name, with a capital. An empty part is left out. */
export function sentences(first: string, ...more: readonly string[]): string {
  return [first, ...more.map(capital)]
    .filter((part) => part !== "")
    .map(ended)
    .join(" ");
}

/** A command keeps the case in which it is typed. */
export function capital(text: string): string {
  return text.startsWith("sf-state ") ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
