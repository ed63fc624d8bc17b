/** How long to wait before the next attempt to connect, ms, after so many that failed. */
export function backoff(attempts: number): number {
  return Math.min(attempts * 20, 250);
}
