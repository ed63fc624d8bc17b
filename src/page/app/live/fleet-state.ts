/** What a tab knows about the fleet, and how a frame of the stream changes it. No I/O. */
import type {
  AccountAnswer,
  EventAnswer,
  FleetAnswer,
  FleetFlow,
  FlowName,
  PlaceAnswer,
  StreamFrame,
  Want,
} from "../../wire.js";

/** Of a flow, or of an account. */
export type TickerEvent = (FlowName | AccountName) & TickerWords;

interface AccountName {
  readonly place: string;
  readonly account: string;
}

interface TickerWords {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly words: string;
}

export interface FleetState {
  readonly readAt: string;
  readonly places: readonly PlaceAnswer[];
  readonly flows: readonly FleetFlow[];
  readonly accounts: readonly AccountAnswer[];
  readonly wants: readonly Want[];
  /** The newest events of all flows, newest first. */
  readonly ticker: readonly TickerEvent[];
}

const TICKER_LENGTH = 60;

export function nameKey({ place, flowId }: FlowName): string {
  return JSON.stringify([place, flowId]);
}

/** The same for an account, too, which may have the name of a flow. */
export function tickerKey(of: FlowName | AccountName): string {
  return "flowId" in of ? nameKey(of) : JSON.stringify([of.place, "account", of.account]);
}

/** The flows of an account, as far as they could be read. */
export function flowsOf({ flows }: FleetState, { place, account }: AccountName): FleetFlow[] {
  return flows.filter((flow) => flow.place === place && flow.error === undefined && flow.account === account);
}

/** An answer that is older than the frames received since changes nothing. */
export function fleetOf(answer: FleetAnswer, before: FleetState | undefined): FleetState {
  if (before && before.readAt > answer.readAt) return before;
  const { readAt, places, flows, accounts, wants } = answer;
  return { readAt, places, flows, accounts, wants, ticker: before?.ticker ?? [] };
}

export function withFrame(state: FleetState, frame: StreamFrame): FleetState {
  switch (frame.kind) {
    case "fleet": {
      const left = new Set([...frame.gone, ...frame.flows].map(nameKey));
      const { places = state.places, accounts = state.accounts, wants = state.wants } = frame;
      const flows = [...state.flows.filter((flow) => !left.has(nameKey(flow))), ...frame.flows];
      return { ...state, readAt: frame.readAt, places, accounts, wants, flows: worstFirst(flows, wants) };
    }
    case "event":
    case "account_event":
      return withEvents(state, frame, [frame]);
    default:
      return state;
  }
}

/** Adds the events that the ticker does not have yet. */
export function withEvents(state: FleetState, of: FlowName | AccountName, events: readonly EventAnswer[]): FleetState {
  // A flow of the fleet says in which account it is, too.
  const name = "flowId" in of ? { place: of.place, flowId: of.flowId } : { place: of.place, account: of.account };
  const key = tickerKey(name);
  const known = new Set(state.ticker.filter((each) => tickerKey(each) === key).map(({ id }) => id));
  const added = events
    .filter(({ event }) => event.type !== "history_trimmed" && !known.has(event.id))
    .map(({ event: { id, at, type }, words }) => ({ ...name, id, at, type, words }));
  if (added.length === 0) return state;
  const ticker = [...added, ...state.ticker].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  return { ...state, ticker: ticker.slice(0, TICKER_LENGTH) };
}

/** `bad`: somebody has to act. `unread`: the flow cannot be read. */
export type Health = "unread" | "bad" | "warn" | "ok";

export function healthOf(flow: FleetFlow): Health {
  if (flow.error !== undefined) return "unread";
  const { alarms, unknownOrders, entry } = flow;
  if (alarms.some((alarm) => alarm !== "untold")) return "bad";
  return alarms.length > 0 || unknownOrders > 0 || !entry.may || flow.isSnapshotFile ? "warn" : "ok";
}

const ORDER: readonly Health[] = ["unread", "bad", "warn", "ok"];

/** Sorted as on the server: by health, by the most urgent fact, by name. */
export function worstFirst(flows: readonly FleetFlow[], wants: readonly Want[]): FleetFlow[] {
  const urgency = new Map<string, number>();
  for (const { place, flowId, urgency: most } of wants) {
    if (flowId === undefined) continue;
    const key = nameKey({ place, flowId });
    urgency.set(key, Math.min(most, urgency.get(key) ?? most));
  }
  const rank = (flow: FleetFlow) => urgency.get(nameKey(flow)) ?? Number.MAX_SAFE_INTEGER;
  return [...flows].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      ORDER.indexOf(healthOf(a)) - ORDER.indexOf(healthOf(b)) ||
      (a.flowId < b.flowId ? -1 : a.flowId > b.flowId ? 1 : 0) ||
      (a.place < b.place ? -1 : 1),
  );
}
