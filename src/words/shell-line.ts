/** The words as a line that a POSIX shell reads back. Characters that a terminal would obey, or not show, are written by printf. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  if (/^[\w@%+:,./-]+$/.test(word)) return word;
  const parts = word.split(UNSEEN_RUN).map((part, at) => (at % 2 === 0 ? inQuotes(part) : asPrintf(part)));
  return parts.join("") || "''";
}

/** Line breaks stay as they are: in quotes they do no harm, and printf's output would lose them at its end. */
const UNSEEN_RUN = /((?:(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])+)/u;

function inQuotes(part: string): string {
  return part === "" ? "" : `'${part.replaceAll("'", "'\\''")}'`;
}

function asPrintf(part: string): string {
  const bytes = Array.from(Buffer.from(part), (byte) => `\\${byte.toString(8).padStart(3, "0")}`);
  return `"$(printf '${bytes.join("")}')"`;
}
