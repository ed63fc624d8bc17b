/**
 * Sizes within a relative 1e-9 of the larger one are equal: a position with such a small rest is flat, and an exit that is too large by as little fits.
 * Bots add sizes up in doubles, and exchanges round them. Lua twin: `lua/shared/size.lua`.
 */
const TOLERANCE = 1e-9;

/** Whether two sizes, neither below zero, are equal. */
export function sameSize(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(a, b);
}

/** Whether a size is above another by more than the tolerance. */
export function exceeds(size: number, other: number): boolean {
  return size > other && !sameSize(size, other);
}
