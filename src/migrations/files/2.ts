/** The tables of a DuckDB file of schema 2. They are frozen here: they do not follow the present tables. */
import { optional, text, whole } from "../../backends/duckdb/columns.js";
import { META, RECORDS } from "./1.js";
import { type FileTable, fileTable, hashEntries, recordText } from "./file-table.js";

export const FILE_2: readonly FileTable[] = [
  fileTable(
    "flow:meta",
    "flow_meta",
    { ...META, was: optional(text) },
    () => "",
    ({ flow_id: _, ...row }) => hashEntries(row),
  ),
  ...RECORDS,
  fileTable(
    "execution:versions",
    "instance_versions",
    { instance: text, version: text, schema: whole },
    (row) => row.instance,
    ({ instance, ...row }) => [[instance, recordText(row)]],
  ),
];
