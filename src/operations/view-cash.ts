/** Cash as callers see it. */
import { CASH_KINDS, CASH_PLACES, type CashKind, type CashPlace, wordOf } from "../words/word-lists.js";

export function cashPlace(word: string): CashPlace {
  const to = wordOf(CASH_PLACES, word);
  if (!to) throw new TypeError(`unknown place of cash: ${JSON.stringify(word)}`);
  return to;
}

export function cashKind(word: string): CashKind {
  const kind = wordOf(CASH_KINDS, word);
  if (!kind) throw new TypeError(`unknown kind of cash: ${JSON.stringify(word)}`);
  return kind;
}
