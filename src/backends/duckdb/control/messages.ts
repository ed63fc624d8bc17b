/**
 * The messages on the control socket of an open file. The holder first says who it is in a line of text; after that, everything is frames. The first frame
 * says who asks (`hello`). Each later one asks for an operation by its name and shape, for the texts of the flow's account (`account`), for the next event
 * (`wait`), or to stop waiting (`cancel`).
 */
import { argumentNames } from "../../../operations/arguments.js";
import type { AnyOperation } from "../../../operations/operation.js";

/** Version of the frames and their fields. Arguments and results of an operation have a shape of their own. */
export const PROTOCOL = 1;

/** Bytes that a question may have: metadata of 64 KiB, many times over. */
export const LONGEST_QUESTION = 4 * 1024 ** 2;
/** Bytes that an answer may have: a whole flow. */
export const LONGEST_ANSWER = 512 * 1024 ** 2;

/** The parts of an operation that a client of another version must agree on: its kind and the names of its arguments. */
export function shapeOf(operation: AnyOperation): string {
  return `${operation.kind}(${argumentNames(operation).join(",")})`;
}

/** The process that answers. */
export interface Welcome {
  readonly flowId: string;
  readonly pid: number;
  /** The version of its library. */
  readonly version: string;
}

/** The exchange account that the flow is in, as it is stored. */
export interface StoredAccount {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** A field of a message. Throws a TypeError when it is of another type. */
export function textIn(message: object, name: string): string {
  const value: unknown = Reflect.get(message, name);
  if (typeof value !== "string") throw new TypeError(`${name}: expected a text`);
  return value;
}

/** A field of a message. Throws a TypeError when it is of another type. */
export function numberIn(message: object, name: string): number {
  const value: unknown = Reflect.get(message, name);
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new TypeError(`${name}: expected a whole number`);
  return value;
}
