/** Sends a question to an exchange: each request has a time limit, and only a real answer counts. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestLimits } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { leftAlone, noteWait, type Patience, quietUntil, waitAsAsked } from "./asked-to-wait.js";
import type { CcxtClient } from "./ccxt-client.js";
import { exchangeErrorOf } from "./failure.js";
import type { AskedToWait, DialectErrors } from "./language/dialect.js";
import { isRow, shown, Unreadable } from "./language/row.js";

/**
 * ccxt first waits in its own rate limiter, which is not the exchange's fault: kraken gets one request in six seconds. But a call that sends no request for
 * this many times the limit of one request is given up.
 */
const PATIENCE = 10;

/** The question that the adapter is asking right now. */
interface Question {
  readonly isAnswer: (answer: unknown) => boolean;
  /** Throws if the request must not be sent. */
  readonly mayBeSent: (request: SentRequest) => void;
  /** The answers so far, as the exchange wrote them. */
  readonly answers: unknown[];
  readonly what: string;
  readonly askedToWait: AskedToWait | undefined;
  /** Makes one request within its time limit. */
  readonly send: (request: () => Promise<unknown>) => Promise<unknown>;
}

const questions = new AsyncLocalStorage<Question>();
const strict = new WeakSet<CcxtClient>();

/**
 * ccxt passes a body that is not JSON (an error page, half an answer, nothing) to its parsers as text, and most parsers turn that into an empty list: an
 * outage would read as "flat". So the client's `fetch` is wrapped: for the adapter's own questions, text counts as a failure, and so does an answer that
 * lacks what the exchange always says. `fetch` is called when a request is really sent, after ccxt's rate limiter, so the time limit of a request starts
 * here. The bot's own calls are not changed.
 */
export function insistOnAnswers(client: CcxtClient): void {
  const original = client.fetch;
  if (original === undefined || strict.has(client)) return;
  strict.add(client);
  client.fetch = async (...request) => {
    const question = questions.getStore();
    if (question === undefined) return original.apply(client, request);
    const [url, method = "GET", , body] = request;
    question.mayBeSent({ url, method, body: typeof body === "string" ? body : "" });
    // Meanwhile the exchange may have told another question to wait.
    const until = quietUntil(client);
    if (until !== undefined) throw leftAlone(client, question.what, until);
    const before = client.last_response_headers;
    const answer = await question
      .send(() => original.apply(client, request))
      .catch((error: unknown) => {
        const { last_response_headers: headers } = client;
        noteWait(client, error, headers === before ? undefined : headers, question.askedToWait);
        throw error;
      });
    if (typeof answer === "string") throw new Unreadable(`the answer is not JSON: ${shown(answer.slice(0, 80))}`);
    if (!isSomething(answer) || !question.isAnswer(answer)) throw new Unreadable(`half an answer: ${shown(answer)}`);
    question.answers.push(answer);
    return answer;
  };
}

function isSomething(answer: unknown): boolean {
  return Array.isArray(answer) || (isRow(answer) && Object.keys(answer).length > 0);
}

/** A request as ccxt is about to send it. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

export interface Asking {
  readonly client: CcxtClient;
  /** In words for people: `positions`, `order abc of BTC/USDT`. */
  readonly what: string;
  readonly limits: RequestLimits;
  readonly isAnswer: (answer: unknown) => boolean;
  readonly errors: DialectErrors;
  readonly askedToWait?: AskedToWait | undefined;
  readonly patience: Patience;
  /** The call submits an order: then different refusals of orders are told apart. */
  readonly isOrder?: boolean;
  /** Throws if the request must not be sent. */
  readonly mayBeSent?: (request: SentRequest) => void;
}

/**
 * Makes the call, which may consist of several requests and may look at their raw answers. Rejects with an ExchangeError that says what was asked:
 * `no_answer` when a request exceeds its time limit and when `limits.signal` aborts. No request is sent after that, not even one that waits in ccxt's rate
 * limiter.
 *
 * If the exchange was asked too often and says when to ask again, it is not asked before that. If the wait is within the patience, the call waits and is
 * made again; an order is not sent again.
 */
export async function ask<T>(asking: Asking, call: (answers: readonly unknown[]) => Promise<T>): Promise<T> {
  const { client, what, limits, patience, isOrder = false } = asking;
  if (isOrder) await waitAsAsked(client, what, patience, limits);
  for (;;) {
    try {
      return await askOnce(asking, call);
    } catch (error) {
      const until = error instanceof ExchangeError ? error.retryAt : undefined;
      const canWait = until !== undefined && until.getTime() - Date.now() <= patience.left;
      if (isOrder || !canWait || limits.signal?.aborted) throw error;
      await waitAsAsked(client, what, patience, limits);
    }
  }
}

async function askOnce<T>(asking: Asking, call: (answers: readonly unknown[]) => Promise<T>): Promise<T> {
  const { client, what, limits, isAnswer, errors, askedToWait, isOrder = false, mayBeSent = () => {} } = asking;
  const watch = new Watch(client, what, limits);
  try {
    limits.signal?.throwIfAborted();
    const send: Question["send"] = (request) => watch.send(request);
    const answers: unknown[] = [];
    const question = { isAnswer, mayBeSent, answers, what, askedToWait, send };
    const answered = questions.run(question, () => call(answers));
    return await Promise.race([answered, watch.over]);
  } catch (error) {
    const why = limits.signal?.aborted ? stopped() : error;
    const retryAt = quietUntil(client);
    throw exchangeErrorOf(why, { exchange: client.id, asked: what, errors, isOrder, ...(retryAt && { retryAt }) });
  } finally {
    watch.end();
  }
}

function stopped(): Unreadable {
  return new Unreadable("it was stopped before there was an answer");
}

/** Watches one call. `over` rejects when a request takes too long, when no request is sent for much longer, and when the call is stopped. */
class Watch {
  readonly over: Promise<never>;
  readonly #limits: RequestLimits;
  readonly #told: string;
  /** The longest time without a request, ms. If the client's requests cannot be seen, the whole call has the time of one. */
  readonly #idle: number;
  #reject: (error: Error) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #isOver = false;

  constructor(client: CcxtClient, what: string, limits: RequestLimits) {
    this.#limits = limits;
    this.#told = `${client.id}: ${what}`;
    const seen = strict.has(client);
    this.#idle = seen ? limits.timeout * PATIENCE : limits.timeout;
    this.over = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.over.catch(() => {}); // it may come when nobody waits any more
    limits.signal?.addEventListener("abort", this.#stop, { once: true });
    if (!seen) limits.onRequest?.(this.#told);
    this.#waitFor(this.#idle);
  }

  async send(request: () => Promise<unknown>): Promise<unknown> {
    if (this.#isOver || this.#limits.signal?.aborted) throw stopped();
    this.#limits.onRequest?.(this.#told);
    this.#underWay += 1;
    this.#waitFor(this.#limits.timeout);
    try {
      return await Promise.race([request(), this.over]);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0 && !this.#isOver) this.#waitFor(this.#idle);
    }
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener("abort", this.#stop);
  }

  readonly #stop = () => this.#giveUp(stopped());

  #waitFor(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(new Unreadable(`no answer within ${ms} ms`)), ms);
  }

  #giveUp(error: Error): void {
    this.end();
    this.#reject(error);
  }
}
