/** The lines of a script's head that say what KEYS and ARGV are: they follow from the operation. */

import { KEYS } from "../src/layout/keys.js";
import { argumentsWithWords } from "../src/operations/argument-words.js";
import { ACCOUNT_KEYS, type AnyOperation, COMMON_KEYS, mayAskAccount } from "../src/operations/operation.js";

const LISTING = /^(?:-- (?:KEYS|ARGV)\[\d+\] .*\n)+/m;

/** The script with the lines of its head that list keys and arguments as its operation has them. */
export function withCurrentHead(source: string, operation: AnyOperation): string {
  if (!LISTING.test(source)) throw new Error(`${operation.name}.lua: its head has no line "-- KEYS[1] ..."`);
  return source.replace(LISTING, () => headLines(operation).join(""));
}

/** What each key and each argument is, a line each. */
export function headLines(operation: AnyOperation): string[] {
  const own = [...COMMON_KEYS[operation.kind], ...operation.keys];
  const ofAccount = mayAskAccount(operation) ? ACCOUNT_KEYS : [];
  const keys = [...own, ...ofAccount].map((name, i) => {
    const { type, words } = KEYS[name];
    const told = i < own.length ? words : `${words}; only where the flow is in one`;
    return line(`${`KEYS[${i + 1}] ${name}`.padEnd(30)} ${type.padEnd(7)}`, told);
  });
  const args = argumentsWithWords(operation).map(({ name, words }, i) =>
    line(`ARGV[${i + 1}] ${name}`.padEnd(27), words),
  );
  return [...keys, ...args];
}

function line(subject: string, words: string): string {
  return `-- ${`${subject} ${words}`.trimEnd()}\n`;
}
