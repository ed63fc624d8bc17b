/** Numbers as people read them. */

/** µs, with as many digits as mean something. */
export function micros(value: number): string {
  return known(value, () => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0));
}

export function count(value: number): string {
  return known(value, () => Math.round(value).toLocaleString("en-US"));
}

export function times(value: number): string {
  return known(value, () => `${value.toFixed(2)}x`);
}

export function percent(value: number): string {
  return known(value, () => `${(value * 100).toFixed(0)}%`);
}

/** A dash where nothing was measured. */
function known(value: number, text: () => string): string {
  return Number.isNaN(value) ? "-" : text();
}
