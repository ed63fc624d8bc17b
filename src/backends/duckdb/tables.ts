/** The SQL tables, for people's queries: one for every table of a flow's state, in typed columns. */
import type { RowColumns, TableKeeper } from "../../layout/table-forms.js";
import { FORMS, TABLE_NAMES, type TableName } from "../../layout/tables.js";
import type { Fields, Row as RowOf } from "../../records/field.js";
import { type MetaRow, meta } from "../../records/meta.js";
import type { FlowState } from "../../state/flow-state.js";
import type { Log, LogRow } from "../../state/log.js";
import type { Table } from "../../state/table.js";
import { text } from "./columns.js";
import { EventMirror } from "./event-mirror.js";
import { LogMirror } from "./log-mirror.js";
import type { Mirror } from "./mirror.js";
import { columnsOf } from "./record-columns.js";
import { RowMirror } from "./row-mirror.js";
import { SqlTable } from "./sql-table.js";

/** A mirror for every table of `state`. */
export function mirrorsOf(state: FlowState, flowId: string, maxEvents: number): Mirror[] {
  const keeper: TableKeeper<Mirror> = {
    rows: rowMirror,
    log: logMirror,
    events: (log) => new EventMirror(log, maxEvents),
  };
  return TABLE_NAMES.map((name) => (name === "meta" ? metaMirror(state, flowId) : mirrorOf(name, state, keeper)));
}

function mirrorOf<Name extends TableName>(name: Name, state: FlowState, keeper: TableKeeper<Mirror>): Mirror {
  return FORMS[name].keep(state[name], keeper);
}

function rowMirror<Value, F extends Fields>(table: Table<Value>, columns: RowColumns<Value, F>): Mirror {
  const sql = new SqlTable<RowOf<F>>(table.name, columnsOf(columns.record));
  return new RowMirror<Value, RowOf<F>>(table, { ...columns, sql });
}

function logMirror<Row extends LogRow, F extends Fields>(
  log: Log<Row>,
  columns: RowColumns<Row, F>,
  kept: number | undefined,
): Mirror {
  const sql = new SqlTable<RowOf<F>>(log.name, columnsOf(columns.record));
  return new LogMirror<Row, RowOf<F>>(log, { ...columns, sql }, kept);
}

/** The table also says which flow the file holds. */
function metaMirror({ meta: table }: FlowState, flowId: string): Mirror {
  return new RowMirror(table, {
    sql: new SqlTable<MetaRow & { readonly flow_id: string }>(table.name, { flow_id: text, ...columnsOf(meta) }),
    keyOf: () => "",
    toFields: (row) => ({ ...row, flow_id: flowId }),
    toRow: ({ flow_id: _, ...row }) => row,
  });
}
