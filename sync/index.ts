/** signalflow-state/sync: bringing a flow's state and an exchange back in line. */
export type {
  Exchange,
  ExchangeFill,
  ExchangeOrder,
  ExchangeOrderStatus,
  ExchangePosition,
  OrderRequest,
} from "./exchange.js";
export { ExchangeError, type ExchangeFailure } from "./exchange-error.js";
