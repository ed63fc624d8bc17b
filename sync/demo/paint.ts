export type Paint = (style: "bold" | "dim" | "red" | "green" | "yellow", text: string) => string;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Colours on a terminal, and nowhere else. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const on = stream.isTTY === true && (process.env.NO_COLOR ?? "") === "";
  return (style, text) => (on ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text);
}
