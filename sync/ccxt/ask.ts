/** Asks an exchange something: within a time, and nothing but a real answer counts. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { CcxtClient } from "./ccxt-client.js";
import { exchangeErrorOf } from "./failure.js";
import { isRow, shown, Unreadable } from "./row.js";

/** What the exchange is asked right now on behalf of the adapter. */
interface Question {
  readonly isAnswer: (answer: unknown) => boolean;
}

const questions = new AsyncLocalStorage<Question>();
const strict = new WeakSet<CcxtClient>();

/**
 * ccxt hands a body that is not JSON (an error page, half an answer, nothing) to its parsers as text, and most of them make an
 * empty list of it: an outage would read as "flat". So `fetch` of the client is wrapped: within the adapter's own questions, text
 * and answers that lack what the exchange always says are failures. The bot's own calls pass as before.
 */
export function insistOnAnswers(client: CcxtClient): void {
  const original = client.fetch;
  if (original === undefined || strict.has(client)) return;
  strict.add(client);
  client.fetch = async (...request) => {
    const answer = await original.apply(client, request);
    const question = questions.getStore();
    if (question === undefined) return answer;
    if (typeof answer === "string") throw new Unreadable(`the answer is not JSON: ${shown(answer.slice(0, 80))}`);
    if (!isSomething(answer) || !question.isAnswer(answer)) throw new Unreadable(`half an answer: ${shown(answer)}`);
    return answer;
  };
}

function isSomething(answer: unknown): boolean {
  return Array.isArray(answer) || (isRow(answer) && Object.keys(answer).length > 0);
}

export interface Asking {
  readonly exchange: string;
  /** For people: `positions`, `order abc of BTC/USDT`. */
  readonly what: string;
  /** ms */
  readonly timeout: number;
  readonly isAnswer: (answer: unknown) => boolean;
  /** An order is submitted: refusals of orders are told apart. */
  readonly isOrder?: boolean;
}

/** Makes the call. Rejects with an ExchangeError that says what was asked; with `no_answer` when the time is over. */
export async function ask<T>(asking: Asking, call: () => Promise<T>): Promise<T> {
  const { exchange, what, timeout, isAnswer, isOrder = false } = asking;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreadable(`no answer within ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([questions.run({ isAnswer }, call), late]);
  } catch (error) {
    throw exchangeErrorOf(error, exchange, what, isOrder);
  } finally {
    clearTimeout(timer);
  }
}
