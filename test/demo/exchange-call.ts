/** The exchange of a fleet is in the conductor's process: how a bot asks it, over the channel between the two. */

import { ExchangeError, type ExchangeFailure } from "../../sync/index.js";
import type { Counter } from "./desk.js";

type Method = keyof Counter;

/** What a bot asks. `ask` numbers its questions. */
export type ExchangeCall = {
  [M in Method]: { readonly ask: number; readonly method: M; readonly args: Parameters<Counter[M]> };
}[Method];

/** What it is told: the answer, or why there is none. */
export type ExchangeAnswer = { readonly answerTo: number } & (
  | { readonly answer: unknown }
  | { readonly failure: ExchangeFailure; readonly message: string }
);

/** Asks the exchange what a bot asks. What is not the exchange's refusal is thrown on. */
export async function answerCall(exchange: Counter, call: ExchangeCall): Promise<ExchangeAnswer> {
  try {
    return { answerTo: call.ask, answer: await made(exchange, call) };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return { answerTo: call.ask, failure: error.failure, message: error.message };
  }
}

function made(exchange: Counter, call: ExchangeCall): Promise<unknown> {
  switch (call.method) {
    case "createOrder":
      return exchange.createOrder(...call.args);
    case "cancelOrder":
      return exchange.cancelOrder(...call.args);
    case "fetchFills":
      return exchange.fetchFills(...call.args);
  }
}

/** The exchange as a bot of a fleet meets it. */
export class FarExchange implements Counter {
  readonly #open = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #asked = 0;

  constructor(private readonly send: (call: ExchangeCall) => void) {}

  createOrder: Counter["createOrder"] = (...args) => this.#ask((ask) => ({ ask, method: "createOrder", args }));
  cancelOrder: Counter["cancelOrder"] = (...args) => this.#ask((ask) => ({ ask, method: "cancelOrder", args }));
  fetchFills: Counter["fetchFills"] = (...args) => this.#ask((ask) => ({ ask, method: "fetchFills", args }));

  hear(answer: ExchangeAnswer): void {
    const open = this.#open.get(answer.answerTo);
    this.#open.delete(answer.answerTo);
    if ("failure" in answer) open?.reject(new ExchangeError(answer.failure, answer.message));
    else open?.resolve(answer.answer);
  }

  #ask<Answer>(callOf: (ask: number) => ExchangeCall): Promise<Answer> {
    const ask = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#open.set(ask, { resolve: (answer) => resolve(answer as Answer), reject });
      this.send(callOf(ask));
    });
  }
}
