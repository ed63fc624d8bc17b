/** How KuCoin frames what it says, on spot and on contracts alike: HTTP 200, `code` and `data`, or a code of why not. */
import type { Asked, Reaction } from "../ccxt/exchange-server.js";
import { Refused, type Venue } from "./venue.js";
import type { Wire } from "./wire.js";

/** What the engine does not refuse, and KuCoin does. */
export class KucoinRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What answers a request of this method and path; `id` is what the path names. */
export type KucoinRoute = readonly [RegExp, (fields: Asked["fields"], venue: Venue, id: string) => unknown];

export type KucoinRefusals = Readonly<Record<Refused["refusal"], readonly [code: string, message: string]>>;

export function kucoinAnswers(routes: readonly KucoinRoute[], refusals: KucoinRefusals): Wire["answer"] {
  return ({ method, path, fields }, venue) => {
    for (const [route, answer] of routes) {
      const match = route.exec(`${method} ${path}`);
      if (match === null) continue;
      try {
        return { json: { code: "200000", data: answer(fields, venue, match[1] ?? "") } };
      } catch (error) {
        if (error instanceof KucoinRefusal) return refused(error.code, error.message);
        if (!(error instanceof Refused)) throw error;
        return refused(...refusals[error.refusal]);
      }
    }
    return { text: `no route ${method} ${path}`, status: 404 };
  };
}

function refused(code: string, msg: string): Reaction {
  return { json: { code, msg } };
}

export const KUCOIN_TOO_MANY: Reaction = {
  json: { code: "429000", msg: "Too many requests in a short period of time, please retry later" },
  status: 429,
};

export const KUCOIN_WITHOUT_DATA: Reaction = { json: { code: "200000" } };
