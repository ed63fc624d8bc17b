/** Reads and changes our own fields of a stored record, which is JSON with the caller's metadata last. */

const METADATA = ',"metadata":';

/** Undefined if the text is no record: the next reader of the flow reports it. */
export function scalarsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const { scalars } = split(text);
  try {
    const found: unknown = JSON.parse(scalars);
    return typeof found === "object" && found !== null ? Object.fromEntries(Object.entries(found)) : undefined;
  } catch {
    return undefined;
  }
}

/** The value of one of our fields; undefined if there is none. */
export function scalarIn(text: string, name: string): unknown {
  return scalarsOf(text)?.[name];
}

/** The record with other values of some fields; undefined removes one. */
export function withScalars(text: string, changes: Readonly<Record<string, unknown>>): string {
  const { rest } = split(text);
  return `${JSON.stringify({ ...scalarsOf(text), ...changes }).slice(0, -1)}${rest}`;
}

function split(text: string): { readonly scalars: string; readonly rest: string } {
  const at = text.indexOf(METADATA);
  return at === -1 ? { scalars: text, rest: "}" } : { scalars: `${text.slice(0, at)}}`, rest: text.slice(at) };
}
