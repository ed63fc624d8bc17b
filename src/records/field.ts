/** The building blocks of a record's declaration: fields, each of a kind. Rows, stored JSON, columns and views follow from them. */
import type { Money } from "../exact/money.js";
import type { Metadata, UnpricedAmount } from "../types.js";

/** The value of a kind in a row. */
export interface RowValues {
  /** Text that is not empty. */
  readonly name: string;
  readonly text: string;
  /** One word of a list. */
  readonly word: string;
  /** JSON text of the caller's. It is always last in a stored record. */
  readonly json: string;
  /** An exact plain decimal. */
  readonly decimal: string;
  /** Amounts that could not be priced: `fee BNB 0.005 result BTC -0.2`. */
  readonly unpriced: string;
  readonly double: number;
  readonly whole: number;
  /** 1 stands for true. */
  readonly flag: number;
  /** A length of time, ms. */
  readonly duration: number;
  /** ms since 1970. */
  readonly time: number;
  /** Exact to 8 places; a plain decimal where it is stored as text. */
  readonly money: Money;
}

export type Kind = keyof RowValues;

/** Whether a stored record has the field: always; or, if the row has null, it is left out or empty. */
export type Presence = "always" | "left out" | "empty";

/** Whether callers see the field: always, as null if there is no value, only if there is one, or never. */
export type Seen = "always" | "null" | "optional" | "hidden";

export interface Field<
  K extends Kind = Kind,
  Word extends string = string,
  P extends Presence = Presence,
  S extends Seen = Seen,
> {
  readonly kind: K;
  /** The list of words, for a `word`. */
  readonly words: readonly Word[];
  readonly presence: P;
  readonly seen: S;
  /** In a view it comes after the other fields that are always present. */
  readonly seenLast: boolean;
  /** The schema version that introduced the field. Records stored before may lack it. */
  readonly since: number;
  /** The row's value for a stored record that lacks the field, if rows always have it. */
  readonly was: string | number | bigint | undefined;
}

/** The fields of a record, in the order of its columns. */
export type Fields = Readonly<Record<string, Field>>;

function field<K extends Kind>(kind: K): Field<K, never, "always", "always"> {
  return { kind, words: [], presence: "always", seen: "always", seenLast: false, since: 1, was: undefined };
}

export const name = field("name");
export const text = field("text");
export const json = field("json");
export const decimal = field("decimal");
export const unpriced = field("unpriced");
export const double = field("double");
export const whole = field("whole");
export const flag = field("flag");
export const duration = field("duration");
export const time = field("time");
export const money = field("money");

export function word<Word extends string>(words: readonly Word[]): Field<"word", Word, "always", "always"> {
  return { ...field("word"), words };
}

/** Null in a row; left out in stored records and in views. */
export function optional<K extends Kind, W extends string>(
  of: Field<K, W, "always", "always">,
): Field<K, W, "left out", "optional"> {
  return { ...of, presence: "left out", seen: "optional" };
}

/** Null in a row and in views; left out in stored records. */
export function nullable<K extends Kind, W extends string>(
  of: Field<K, W, "always", "always">,
): Field<K, W, "left out", "null"> {
  return { ...of, presence: "left out", seen: "null" };
}

/** Null in a row; empty in stored records; left out in views. Only for records that are hashes of texts. */
export function emptied<K extends Kind, W extends string>(
  of: Field<K, W, "always", "always">,
): Field<K, W, "empty", "optional"> {
  return { ...of, presence: "empty", seen: "optional" };
}

export function hidden<K extends Kind, W extends string, P extends Presence>(
  of: Field<K, W, P>,
): Field<K, W, P, "hidden"> {
  return { ...of, seen: "hidden" };
}

export function seenLast<K extends Kind, W extends string, P extends Presence, S extends Seen>(
  of: Field<K, W, P, S>,
): Field<K, W, P, S> {
  return { ...of, seenLast: true };
}

/** A field of a later schema version. `was`: what records without it mean, if rows always have the field. */
export function since<K extends Kind, W extends string, P extends "always", S extends Seen>(
  version: number,
  of: Field<K, W, P, S>,
  was: RowValues[K],
): Field<K, W, P, S>;
export function since<K extends Kind, W extends string, P extends "left out" | "empty", S extends Seen>(
  version: number,
  of: Field<K, W, P, S>,
): Field<K, W, P, S>;
export function since(version: number, of: Field, was?: string | number | bigint): Field {
  return { ...of, since: version, was };
}

type ValueOf<F extends Field> = F["kind"] extends "word" ? F["words"][number] : RowValues[F["kind"]];

/** The row of a record. */
export type Row<F extends Fields> = {
  readonly [Name in keyof F]: F[Name]["presence"] extends "always" ? ValueOf<F[Name]> : ValueOf<F[Name]> | null;
};

type OptionalName<F extends Fields> = {
  [Name in keyof F]: F[Name]["presence"] extends "always" ? never : Name;
}[keyof F];

/** The fields that a new row needs. Fields that are not given are null. */
export type NewRow<F extends Fields> = Omit<Row<F>, OptionalName<F>> & {
  readonly [Name in OptionalName<F>]?: Row<F>[Name] | undefined;
};

type NameSeen<F extends Fields, S extends Seen> = {
  [Name in keyof F & string]: F[Name]["seen"] extends S ? Name : never;
}[keyof F & string];

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type SeenValue<F extends Field> =
  | (F["kind"] extends "time"
      ? Date
      : F["kind"] extends "money"
        ? number
        : F["kind"] extends "decimal"
          ? number
          : F["kind"] extends "unpriced"
            ? UnpricedAmount[]
            : F["kind"] extends "flag"
              ? true
              : F["kind"] extends "json"
                ? Metadata
                : ValueOf<F>)
  | (F["seen"] extends "null" ? null : never);

type Flat<T> = { [Name in keyof T]: T[Name] };

/** A record as callers see it. */
export type View<F extends Fields> = Flat<
  { [Name in NameSeen<F, "always" | "null"> as CamelCase<Name>]: SeenValue<F[Name]> } & {
    [Name in NameSeen<F, "optional"> as CamelCase<Name>]?: SeenValue<F[Name]>;
  }
>;

/** In JSON, money is text. */
type StoredValue<F extends Field> = F["kind"] extends "money" ? Money | string : ValueOf<F>;

/** A record as parsed from its JSON, or as its row: everything that a view needs, without the caller's JSON. */
export type Seeable<F extends Fields> = Flat<
  {
    readonly [Name in NameSeen<F, "always"> as F[Name]["kind"] extends "json" ? never : Name]: StoredValue<F[Name]>;
  } & {
    readonly [Name in NameSeen<F, "null" | "optional"> as F[Name]["kind"] extends "json" ? never : Name]?:
      | StoredValue<F[Name]>
      | null
      | undefined;
  }
>;

/** `entry_price` as callers see it: `entryPrice`. */
export function camelCase(fieldName: string): string {
  return fieldName.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The fields that callers see, in the order of a view: those that are always present come first. */
export function fieldsSeen(fields: Fields): (readonly [string, Field])[] {
  const rank = ({ seen, seenLast: last }: Field) => (seen === "optional" ? 2 : last ? 1 : 0);
  return Object.entries(fields)
    .filter(([, { seen }]) => seen !== "hidden")
    .sort(([, a], [, b]) => rank(a) - rank(b));
}

/** The fields in the order of the stored JSON: the caller's JSON last. */
export function fieldsStored(fields: Fields): (readonly [string, Field])[] {
  const all = Object.entries(fields);
  return [...all.filter(([, { kind }]) => kind !== "json"), ...all.filter(([, { kind }]) => kind === "json")];
}

/** An object with one value per name. The caller states its type; `make` has to match it. */
export function madeOf<Made>(names: readonly string[], make: (name: string) => unknown): Made {
  const made: Partial<Record<string, unknown>> = {};
  for (const each of names) made[each] = make(each);
  if (!isComplete<Made>(names, made)) throw new TypeError("a record without all of its fields");
  return made;
}

function isComplete<Made>(names: readonly string[], made: object): made is object & Made {
  return names.every((each) => each in made);
}
