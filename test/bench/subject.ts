/** An operation, as it is called when it is measured. */
import type { Flow } from "./flow.js";
import type { Work } from "./work.js";

export interface Subject {
  /** The method, and in brackets what is special about the call. */
  readonly name: string;
  readonly kind: "change" | "read";
  /** The operations that its calls run, where the method's name does not tell. */
  readonly runs?: readonly string[];
  /** Its answer grows with the flow. */
  readonly everything?: true;
  /** It is two operations, one after the other. */
  readonly twice?: true;
  /** It makes the flow remember more, for good. */
  readonly grows?: true;
  /** It finds nothing to change, and so writes nothing: there is no commit to wait for, or to share. */
  readonly writesNothing?: true;
  /** Its calls are made one at a time: only one of many at once would do it, or nobody makes many. */
  readonly alone?: true;
  on(flow: Flow): Omit<Work, "name">;
}

/** The method that a subject is about. */
export function methodOf({ name }: Subject): string {
  return name.split(" ", 1)[0] ?? name;
}

/** The operations that a subject's calls run, in the order of the first calls. */
export function operationsOf(subject: Subject): readonly string[] {
  return subject.runs ?? [operationNamed(methodOf(subject))];
}

/** The name of a method's own operation. */
export function operationNamed(method: string): string {
  return method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
