/** A number as exchanges write it: never `1e-7`. */
export function plain(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  return value.toFixed(18).replace(/\.?0+$/, "");
}
