import { type Operation, text } from "./operation.js";

interface Args {
  /** Empty: unchanged, or decided by the first pair. */
  readonly currency: string;
  /** Separated by spaces. */
  readonly sameCurrency: string;
}

/** The flow's currency. `isOther`: it differs from the requested one, and it stays. */
export interface FlowCurrency {
  readonly currency: string;
  readonly isOther: boolean;
}

export const setCurrency: Operation<Args, FlowCurrency> = {
  name: "set_currency",
  kind: "change",
  keys: [],
  args: {
    currency: (a) => a.currency,
    same_currency: (a) => a.sameCurrency,
  },
  words: {
    currency: 'what PnL, limits, exposure and equity are counted in; "" = as it is, or what the first pair settles in',
  },
  decode: (reply) => ({ currency: text(reply, 1), isOther: reply[0] === "other" }),
  apply(state, a, call) {
    const meta = state.meta.value;
    const stands = meta?.currency ?? "";
    const same = meta?.same_currency ?? "";

    if (a.currency !== "" && stands !== "" && a.currency !== stands) return { currency: stands, isOther: true };
    const currency = a.currency === "" ? stands : a.currency;
    if (!meta || (currency === stands && a.sameCurrency === same)) return { currency, isOther: false };

    state.meta.value = { ...meta, currency: currency === "" ? null : currency, same_currency: a.sameCurrency };
    state.emit(call, "currency_set", () => ({ currency, same_currency: a.sameCurrency }));

    return { currency, isOther: false };
  },
};
