import type { Exchange } from "../../../sync/index.js";

/** The same exchange, with every optional answer that it has, but for the methods that are given here. */
export function delegate(exchange: Exchange, changes: Partial<Exchange>): Exchange {
  return new Proxy(exchange, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
