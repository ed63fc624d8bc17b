/** A flow as tables: the rows of `sf-state sql`, `export` and `trades --csv`, column by column. */
import type { Money } from "../exact/money.js";

/** The kinds of cells. Money is exact: a whole number of 1e-8 units. */
export type Cell =
  | { readonly kind: "text"; readonly value: string | null }
  | { readonly kind: "double"; readonly value: number | null }
  | { readonly kind: "whole"; readonly value: number | null }
  | { readonly kind: "money"; readonly value: Money | null }
  | { readonly kind: "time"; readonly value: Date | null }
  | { readonly kind: "truth"; readonly value: boolean | null };

export type CellKind = Cell["kind"];

/** A column, read from some source row. */
export interface Column<Source> {
  readonly name: string;
  readonly kind: CellKind;
  /** The content of the column, with its unit. */
  readonly words: string;
  readonly cell: (source: Source) => Cell;
}

type Read<Source, Value> = (source: Source) => Value | null | undefined;

export function text<Source>(name: string, words: string, read: Read<Source, string>): Column<Source> {
  return { name, kind: "text", words, cell: (source) => ({ kind: "text", value: read(source) ?? null }) };
}

export function double<Source>(name: string, words: string, read: Read<Source, number>): Column<Source> {
  return { name, kind: "double", words, cell: (source) => ({ kind: "double", value: read(source) ?? null }) };
}

export function whole<Source>(name: string, words: string, read: Read<Source, number>): Column<Source> {
  return { name, kind: "whole", words, cell: (source) => ({ kind: "whole", value: read(source) ?? null }) };
}

export function money<Source>(name: string, words: string, read: Read<Source, Money>): Column<Source> {
  return { name, kind: "money", words, cell: (source) => ({ kind: "money", value: read(source) ?? null }) };
}

export function time<Source>(name: string, words: string, read: Read<Source, Date>): Column<Source> {
  return { name, kind: "time", words, cell: (source) => ({ kind: "time", value: read(source) ?? null }) };
}

export function truth<Source>(name: string, words: string, read: Read<Source, boolean>): Column<Source> {
  return { name, kind: "truth", words, cell: (source) => ({ kind: "truth", value: read(source) ?? null }) };
}
