/** The part of a ccxt client (4.x) that the adapter uses. It is written out here so that ccxt is never imported: the user brings it. */

type Params = Record<string, unknown>;

/** Answers are `unknown` on purpose: ccxt's types promise more than exchanges keep. */
export interface CcxtClient {
  readonly id: string;
  readonly has: Readonly<Record<string, boolean | "emulated" | undefined>>;
  options?: Record<string, unknown>;
  readonly markets?: Readonly<Record<string, unknown>> | undefined;
  readonly precisionMode?: number | undefined;
  /** Headers of the newest answer; ccxt keeps them unless `enableLastResponseHeaders` is off. */
  readonly last_response_headers?: unknown;
  fetch?(url: string, method?: string, headers?: unknown, body?: unknown): Promise<unknown>;
  loadMarkets(): Promise<unknown>;
  fetchTime?(): Promise<unknown>;
  fetchPositions?(pairs?: string[], params?: Params): Promise<unknown>;
  fetchBalance?(params?: Params): Promise<unknown>;
  fetchTicker?(pair: string): Promise<unknown>;
  fetchPositionMode?(pair?: string): Promise<unknown>;
  fetchOrder?(id: string, pair: string, params?: Params): Promise<unknown>;
  fetchOrderWithClientOrderId?(clientOrderId: string, pair: string, params?: Params): Promise<unknown>;
  fetchOpenOrders?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  fetchOrders?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  fetchClosedOrders?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  fetchCanceledOrders?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  fetchCanceledAndClosedOrders?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  fetchMyTrades?(pair?: string, since?: number, limit?: number, params?: Params): Promise<unknown>;
  createOrder?(
    pair: string,
    type: string,
    side: string,
    amount: number,
    price?: number,
    params?: Params,
  ): Promise<unknown>;
  cancelOrder?(id: string, pair: string, params?: Params): Promise<unknown>;
  amountToPrecision?(pair: string, amount: number): string | undefined;
}

/** True when the client says that it has the method, itself or emulated, and it is there to be called. */
export function can(client: CcxtClient, method: keyof CcxtClient): boolean {
  const said = client.has[method];
  return (said === true || said === "emulated") && typeof client[method] === "function";
}
