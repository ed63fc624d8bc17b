/** What a key means in `top`. */
export type Key =
  | { readonly kind: "up" | "down" | "open" | "back" | "quit" | "trip" | "reset" | "recovery" | "yes" | "other" }
  | { readonly kind: "number"; readonly number: number };

const MEANINGS: Readonly<Record<string, Exclude<Key["kind"], "number">>> = {
  "\u001b[A": "up",
  k: "up",
  "\u001b[B": "down",
  j: "down",
  "\r": "open",
  "\n": "open",
  "\u001b": "back",
  b: "back",
  q: "quit",
  "\u0003": "quit",
  "\u0004": "quit",
  t: "trip",
  r: "reset",
  p: "recovery",
  y: "yes",
};

export function keyOf(text: string): Key {
  if (/^[1-9]$/.test(text)) return { kind: "number", number: Number(text) };
  return { kind: MEANINGS[text] ?? "other" };
}
