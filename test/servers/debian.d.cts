export function unpackDebian(what: {
  readonly home: string;
  readonly packages: readonly string[];
  readonly programs: Readonly<Record<string, string>>;
}): void;
