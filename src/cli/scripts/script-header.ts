/** What the head of a Lua file says of one argument. */
export interface DocumentedArgument {
  readonly name: string;
  /** Units and special values. */
  readonly words: string;
}

/** What a script says of itself. A test holds it against the operation. */
export interface ScriptHeader {
  readonly purpose: string;
  readonly argv: readonly DocumentedArgument[];
}

/** The opening comment of a Lua file. */
export function headerOf(source: string): ScriptHeader {
  const lines = source.split("\n").filter((line) => line.startsWith("--"));
  const purpose = /^-- \w+: (.*)$/.exec(lines[0] ?? "")?.[1] ?? "";
  const argv: DocumentedArgument[] = [];
  for (const line of lines) {
    const [, name, words = ""] = /^-- ARGV\[\d+\]\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) argv.push({ name, words });
  }
  return { purpose, argv };
}

/** Whether any number of pairs may stand in place of the argument. */
export function isPairs({ words }: DocumentedArgument): boolean {
  return words.startsWith("pairs from here on");
}

/** Whether it may be left empty. */
export function isOptional({ words }: DocumentedArgument): boolean {
  return words.includes('"" =');
}
