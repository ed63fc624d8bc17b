/** How a SQL table of a DuckDB file maps to the layout of a flow. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Columns } from "../../backends/duckdb/columns.js";
import { SqlTable } from "../../backends/duckdb/sql-table.js";
import { formatMoney } from "../../exact/money.js";
import type { Entry, StoredKey } from "../../layout/flow-layout.js";

export interface FileTable {
  /** The table's name, in SQL and in the journal. */
  readonly name: string;
  readonly key: StoredKey;
  /** The rows as entries of the layout, by their keys in the journal. */
  read(connection: DuckDBConnection): Promise<Map<string, readonly Entry[]>>;
  /** A row of the journal as entries of the layout. Throws a TypeError if it cannot be read. */
  entriesOf(journalled: object): readonly Entry[];
}

export function fileTable<Fields extends object>(
  key: StoredKey,
  name: string,
  columns: Columns<Fields>,
  keyOf: (fields: Fields) => string,
  entriesOf: (fields: Fields) => readonly Entry[],
): FileTable {
  const table = new SqlTable<Fields>(name, columns);
  return {
    name,
    key,
    async read(connection) {
      const found = new Map<string, readonly Entry[]>();
      for await (const rows of table.read(connection)) {
        for (const fields of rows) {
          const id = keyOf(fields);
          if (found.has(id)) throw new TypeError(`${name}: two rows of ${JSON.stringify(id)}`);
          found.set(id, entriesOf(fields));
        }
      }
      return found;
    },
    entriesOf: (journalled) => entriesOf(table.fromJson(journalled)),
  };
}

type Value = string | number | bigint | null;

/** A record as JSON: money as text, empty fields left out, the metadata last and unchanged. */
export function recordText<Record extends { readonly [Name in keyof Record]: Value }>(fields: Record): string {
  const { metadata, ...scalars }: { metadata?: Value; [name: string]: Value | undefined } = fields;
  const told = Object.entries(scalars).filter(([, value]) => value !== null);
  const json = JSON.stringify(
    Object.fromEntries(told.map(([name, value]) => [name, typeof value === "bigint" ? formatMoney(value) : value])),
  );
  return typeof metadata === "string" ? `${json.slice(0, -1)},"metadata":${metadata}}` : json;
}

/** A record as the fields of a hash. `empty`: the text for an empty field; by default the field is left out. */
export function hashEntries<Record extends { readonly [Name in keyof Record]: Value }>(
  fields: Record,
  empty?: string,
): Entry[] {
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries<Value>(fields)) {
    if (value !== null) entries.push([name, typeof value === "bigint" ? formatMoney(value) : String(value)]);
    else if (empty !== undefined) entries.push([name, empty]);
  }
  return entries;
}
