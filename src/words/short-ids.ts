/** Shortens ids as far as they stay distinct. */

/** Shorter ones are hard to recognise. */
const SHORTEST = 8;

/** Shown behind a shortened id. */
export const MORE = "…";

/** For each id its shortest prefix, at least eight characters long, that no other id has; `…` if the id is longer. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].sort();
  return new Map(
    sorted.map((id, at) => {
      const length = 1 + Math.max(SHORTEST - 1, common(id, sorted[at - 1]), common(id, sorted[at + 1]));
      return [id, id.length <= length + 1 ? id : `${id.slice(0, length)}${MORE}`];
    }),
  );
}

/** The id that a person means by the typed text: that id, or the only one with this prefix. */
export function meant(typed: string, ids: readonly string[]): string | undefined {
  if (ids.includes(typed)) return typed;
  const begin = typed.endsWith(MORE) ? typed.slice(0, -MORE.length) : typed;
  if (begin.length < SHORTEST) return undefined;
  const [only, ...others] = ids.filter((id) => id.startsWith(begin));
  return others.length === 0 ? only : undefined;
}

function common(id: string, other = ""): number {
  let length = 0;
  while (length < id.length && id[length] === other[length]) length++;
  return length;
}
