/** Ids as short as they can be told apart. */

/** Shorter ones are hard to recognise. */
const SHORTEST = 8;

/** Behind an id that goes on. */
export const MORE = "…";

/** The shortest beginning of each id, of eight characters or more, that no other of them has; `…` where it goes on. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].sort();
  return new Map(
    sorted.map((id, at) => {
      const length = 1 + Math.max(SHORTEST - 1, common(id, sorted[at - 1]), common(id, sorted[at + 1]));
      return [id, id.length <= length + 1 ? id : `${id.slice(0, length)}${MORE}`];
    }),
  );
}

/** The one of `ids` that a person means by what they typed: that id, or the only one that begins so. */
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
