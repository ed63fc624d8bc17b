/** How long to wait before the next attempt to connect, ms, after this many failed attempts. */
export function backoff(attempts: number): number {
  return Math.min(attempts * 20, 250);
}
