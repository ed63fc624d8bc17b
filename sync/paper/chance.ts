/** Pseudo-random numbers without memory: the same seed and words give the same number, whatever was asked before. */

/** A number from 0 to below 1 (FNV-1a over the words, mixed as murmur3 does). */
export function chance(seed: number, ...words: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of [seed, ...words].join("|")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
