/** The known word that was most likely meant. */

const LONGEST = 40;

/** The one of `words` that is nearest to `word`; undefined if none is near. Case, `_` and `-` do not matter. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  let best: string | undefined;
  let bestDistance = 1 + Math.max(1, Math.floor(word.length / 3));
  const own = bareWord(word);
  for (const candidate of words) {
    const other = bareWord(candidate);
    if (Math.abs(own.length - other.length) >= bestDistance) continue;
    const distance = editDistance(own, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The word without case, `_` and `-`: `maxDailyLoss` and `max_daily_loss` become equal. */
export function bareWord(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, "");
}

/** Levenshtein distance: how many letters to insert, delete or replace to get from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
