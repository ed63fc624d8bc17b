/** What of `lua/shared` a script carries: what every call makes, and what is made when a table is first asked for it. */
import type { Definition, Needs, SharedFile, TableName } from "./shared-text.js";

/** Functions that are made together when a script first asks the table for one. */
export interface Group {
  readonly table: TableName;
  /** What the script asks the table for. */
  readonly asked: readonly string[];
  /** What has to be made for that and is not there at every call; of each file in its order. */
  readonly files: readonly SharedFile[];
  /** Which of the files that are always there is the last that they need: early, a function finds the locals that it uses sooner. */
  readonly after: number;
}

export interface Carried {
  readonly always: readonly SharedFile[];
  readonly groups: readonly Group[];
}

/** Of each file the definitions that `own` needs, and what those need themselves. `opening` stands as a whole. */
export function carried(opening: SharedFile | undefined, libraries: readonly SharedFile[], own: Needs): Carried {
  const files = opening ? [opening, ...libraries] : libraries;
  const homes = new Map(files.flatMap(({ definitions }) => definitions.flatMap(named)));

  function reached(names: Iterable<string>): Set<Definition> {
    const found = new Set<Definition>();
    const reach = (name: string) => {
      const definition = homes.get(name);
      if (!definition || found.has(definition)) return;
      found.add(definition);
      for (const each of definition.needs.names) reach(each);
    };
    for (const name of names) reach(name);
    return found;
  }

  const only = (found: ReadonlySet<Definition>) =>
    files.flatMap((file) => {
      const definitions = file.definitions.filter((each) => found.has(each));
      return definitions.length > 0 || file.values.length > 0 ? [{ ...file, definitions }] : [];
    });

  // There is one of each constant, and of what the opening defines, whichever table's functions need it: those are made always.
  const isOne = (each: Definition) => !each.isFunction || opening?.definitions.includes(each) === true;
  const roots = new Set(own.names);
  for (;;) {
    const always = reached(roots);
    const tables = new Map<TableName, Set<string>>();
    const made = new Set(always);
    const seen: (readonly [TableName, string])[] = [];
    for (let next = [own, ...[...always].map(({ needs }) => needs)].flatMap(({ asked }) => asked); next.length > 0; ) {
      seen.push(...next);
      const found = [...reached(next.map(([, name]) => name))].filter((each) => !made.has(each));
      for (const each of found) made.add(each);
      next = found.flatMap(({ needs }) => needs.asked).filter((each) => !seen.includes(each));
    }
    for (const [table, name] of seen) {
      if (!homes.has(name)) throw new Error(`a script asks for ${table}.${name}, which nothing in lua/shared defines`);
      tables.set(table, (tables.get(table) ?? new Set()).add(name));
    }
    const ones = [...made].filter((each) => isOne(each) && !always.has(each)).flatMap(({ names }) => names);
    if (ones.length === 0) {
      const there = only(always);
      return { always: there, groups: [...tables].map(([table, asked]) => group(table, asked, there)) };
    }
    for (const each of ones) roots.add(each);
  }

  function group(table: TableName, asked: ReadonlySet<string>, always: readonly SharedFile[]): Group {
    const there = new Set(always.flatMap(({ definitions }) => definitions));
    const found = new Set([...reached(asked)].filter((each) => !there.has(each)));
    const used = new Set([...asked, ...[...found].flatMap(({ needs }) => [...needs.names])]);
    const after = always.findLastIndex(({ definitions }) =>
      definitions.some(({ names }) => names.some((name) => used.has(name))),
    );
    const files = only(found).filter(({ definitions }) => definitions.length > 0);
    return { table, asked: [...asked].sort(), files, after: Math.max(after, 0) };
  }
}

function named(definition: Definition): [string, Definition][] {
  return definition.names.map((name) => [name, definition]);
}
