/** The tables of a DuckDB file of schema 4: the present ones. When there is a next schema, they are written out here. */
import { columnsOf } from "../../backends/duckdb/record-columns.js";
import { FORMS, TABLE_NAMES, type TableName } from "../../layout/tables.js";
import { FlowState } from "../../state/flow-state.js";
import { type FileTable, fileTable } from "./file-table.js";

/** All but the events, which are stored alike in every schema. */
export const FILE_4: readonly FileTable[] = TABLE_NAMES.flatMap((name) => tableOf(name) ?? []);

function tableOf<Name extends TableName>(name: Name): FileTable | undefined {
  const form = FORMS[name];
  const state = new FlowState();
  const table = state[name];
  return form.keep<FileTable | undefined>(table, {
    rows: (rows, { record, keyOf, toRow }) =>
      fileTable(form.key, rows.name, columnsOf(record), keyOf, (fields) => {
        rows.set(keyOf(fields), toRow(fields));
        const entries = form.render(table);
        state.changes.undo();
        return entries;
      }),
    log: (log, { record, keyOf, toRow }) =>
      fileTable(form.key, log.name, columnsOf(record), keyOf, (fields) => {
        log.load(toRow(fields));
        const entries = form.render(table);
        log.trim(0);
        return entries;
      }),
    events: () => undefined,
  });
}
