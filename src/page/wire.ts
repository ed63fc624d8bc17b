/**
 * What goes between the operator's page and its server: every route, what it takes and what it answers. Types only, and the list of routes: the
 * browser's side imports this file, too.
 *
 * Times are ISO 8601 texts, spans ms, money numbers in the flow's currency (in an account: the account's). Names, ids, reasons and metadata are
 * texts that anybody may have written: show them as text. A field that is absent is not known; one that is null cannot be, for the reason beside it.
 */
import type { RiskLimitName } from "../config/risk-limits.js";
import type { Report, ReportDay } from "../report/report.js";
import type { HolderLife } from "../state/liveness.js";
import type {
  AccountStatus,
  CircuitBreaker,
  GuardStatus,
  Instance,
  LeaseState,
  LogPlace,
  PendingOrder,
  Position,
  RecoveryState,
  Refusal,
  RefusedEntry,
  RiskState,
  Snapshot,
  StateEvent,
  Trade,
} from "../types.js";

/** A value as JSON carries it: a `Date` is its ISO text. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

/** Any answer with a status of 400 and above. `message` says what to do next. */
export interface ErrorAnswer {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

export type ErrorCode =
  /** 400: a value is not what it should be; nothing was done. */
  | "bad_request"
  /** 401: a token is needed, or the one given is not right. */
  | "token"
  /** 403: this server is read-only, or the request comes from another page or host. */
  | "forbidden"
  /** 404 */
  | "not_found"
  /** 405, 406, 408, 413, 415, 431 */
  | "request"
  /** 409: it is not as the request takes it to be (an order that ended, an old plan); nothing was done. */
  | "conflict"
  /** 429: too many wrong tokens, or too many streams; `Retry-After` says when. */
  | "too_many"
  /** 502: the store, or the bot that holds the file, cannot be asked. Of a change: nothing was done. */
  | "unreachable"
  /** 502: nobody knows whether the change was done: look before you do it again. */
  | "unknown_outcome"
  | "internal";

/** Where flows are: a Redis, or a folder of DuckDB files. `id` stands in paths. */
export interface PlaceAnswer {
  readonly id: string;
  readonly kind: "redis" | "folder";
  /** For people; without credentials. */
  readonly name: string;
  /** Why it, or a part of it, cannot be read. */
  readonly problems: readonly string[];
}

/** Who may do what. */
export interface Session {
  /** The name that a change of all flows has to be confirmed with: `--name`, or `all flows`. */
  readonly name: string;
  readonly version: string;
  /** Whether this request may change anything; `why` says why not. */
  readonly mayChange: boolean;
  readonly why?: string;
  /** A token would help: the server takes changes, and this request had none. */
  readonly wantsToken: boolean;
}

export interface FlowName {
  readonly place: string;
  readonly flowId: string;
}

/** Something that wants a person: what, since when, what it blocks, what cures it. */
export interface Want {
  /** The same as long as it is the same thing. */
  readonly id: string;
  /** 0: critical, 1: a warning, 2: good to know. They come sorted, the most urgent and then the oldest first. */
  readonly urgency: number;
  /** A word for programs: breaker, dead, recovering, ... */
  readonly kind: string;
  /** In a sentence, without the flow's name. */
  readonly what: string;
  readonly since?: string;
  /** "": nothing. */
  readonly blocks: string;
  readonly cure: string;
  readonly place: string;
  /** Of an account: one of its flows. */
  readonly flowId: string;
  readonly account?: string;
  /** Where on the flow's view it is cured. */
  readonly section?: FlowSection;
}

export type FlowSection = "breaker" | "bots" | "recovery" | "orders" | "positions" | "limits" | "trades" | "events";

/** What is left of a limit until it refuses entries or trips the breaker. */
export interface Budget {
  readonly of: "flow" | "account";
  readonly name: RiskLimitName;
  /** Money; a count; or a share of the peak (`max_drawdown`). */
  readonly unit: "money" | "count" | "share";
  readonly limit: number;
  readonly used: number;
  /** `limit - used`, 0 at the least; null where `used` says nothing, such as a drawdown without an equity. */
  readonly left: number | null;
  /** Of `max_positions_per_pair`: the pair that has the most. */
  readonly pair?: string;
}

/** A flow in the fleet. */
export type FleetFlow = FlowName &
  (
    | {
        /** Why it cannot be read. */
        readonly error: string;
      }
    | {
        readonly error?: never;
        /** As `sf-state ls --json`: breaker, account breaker, recovering, stale, dead, untold. Empty: fine. */
        readonly alarms: readonly string[];
        /** When the flow was read, by its own clock. */
        readonly at: string;
        /** A bot holds the file and cannot be asked: this is the snapshot it left, as old as `at`. */
        readonly isSnapshotFile: boolean;
        readonly epoch: string;
        readonly currency: string;
        readonly breaker: Wire<CircuitBreaker>;
        /** Why entries wait for a recovery. */
        readonly recovering?: string;
        readonly heartbeat?: string;
        /** ms, of the newest heartbeat, at `at`. */
        readonly heartbeatAge?: number;
        readonly alive: readonly string[];
        readonly dead: readonly string[];
        readonly lease?: Wire<LeaseState> & { readonly life: HolderLife };
        readonly risk: Wire<RiskState>;
        /** Null: nobody told an equity. */
        readonly equity: number | null;
        readonly positions: number;
        readonly orders: number;
        /** Orders whose outcome is unknown. */
        readonly unknownOrders: number;
        readonly exposure: number;
        readonly budgets: readonly Budget[];
        readonly account?: string;
        readonly entry: EntryAnswer;
      }
  );

/** Whether an entry may go ahead, and what decides. Limits of a pair or a cooldown may refuse one that this lets pass. */
export interface EntryAnswer {
  readonly may: boolean;
  /** The first that refuses all entries. */
  readonly reason?: Refusal;
  /** One sentence. */
  readonly sentence: string;
  /** When time cures it. */
  readonly until?: string;
}

/** GET /api/fleet: read at most once a second for everybody. */
export interface FleetAnswer {
  /** The server's clock as it answers. */
  readonly now: string;
  /** When the flows were read. */
  readonly readAt: string;
  readonly session: Session;
  readonly places: readonly PlaceAnswer[];
  /** Worst first. */
  readonly flows: readonly FleetFlow[];
  readonly accounts: readonly AccountAnswer[];
  readonly wants: readonly Want[];
}

export interface AccountAnswer {
  readonly place: string;
  readonly status: Wire<AccountStatus>;
  readonly budgets: readonly Budget[];
}

/** GET /api/flow/:place/:flow, from one snapshot. What `sf-state status --json` says is under its names there. */
export interface FlowAnswer extends FlowName {
  readonly now: string;
  readonly session: Session;
  /** For people: where it is. */
  readonly placeName: string;
  /** The key of its log of events on Redis; absent in a file. In a cluster, of a flow that moved to its account's slot, another. */
  readonly logKey?: string;
  readonly isSnapshotFile: boolean;
  readonly alarms: readonly string[];
  readonly wants: readonly Want[];
  readonly snapshot: Wire<Omit<Snapshot, "admissions"> & Partial<Pick<Snapshot, "admissions">>>;
  readonly entry: EntryAnswer;
  readonly budgets: readonly Budget[];
  readonly exposure: number;
  readonly equity: number | null;
  readonly currency: string;
  readonly positions: readonly PositionAnswer[];
  readonly orders: readonly OrderAnswer[];
  readonly instances: readonly (Wire<Instance> & { readonly isDead: boolean; readonly age: number })[];
  readonly lease?: Wire<LeaseState> & { readonly life: HolderLife };
  readonly guards?: Wire<GuardStatus> | { readonly unreadable: string };
  readonly recovery?: RecoveryAnswer;
  readonly untold: readonly Wire<Trade>[];
  /** Limits that differ from the server's `--config`. */
  readonly differing: readonly string[];
  /** Absent where only a snapshot in a file could be read. */
  readonly log?: Wire<LogPlace>;
}

export type PositionAnswer = Wire<Position> & {
  /** What it counts for in `max_exposure`; null where it cannot be priced. */
  readonly exposure: number | null;
  /** Of `max_exposure`; absent without that limit. */
  readonly share?: number;
};

export type OrderAnswer = Wire<PendingOrder> & {
  /** What it reserves of `max_exposure`; null where it reserves nothing or cannot be priced. */
  readonly exposure: number | null;
  /** ms since it was placed. */
  readonly age: number;
};

export interface RecoveryAnswer extends Wire<Omit<RecoveryState, "journal">> {
  readonly life: HolderLife;
  /** The plan that waits for a person, or was approved. */
  readonly hash?: string;
  readonly approved: boolean;
  /** Absent where what is kept of it cannot be read. */
  readonly plan?: PlanAnswer;
}

export interface PlanAnswer {
  readonly hash: string;
  readonly at: string;
  readonly exchange: string;
  readonly mode: string;
  /** What it would do, in its order. */
  readonly actions: readonly PlanRow[];
  /** More than `actions` that are not kept. */
  readonly omitted: number;
  readonly waiting: readonly { readonly subject: string; readonly why: string }[];
  readonly notes: readonly string[];
}

/** An action in words, and what it rests on. */
export interface PlanRow {
  readonly pair: string;
  readonly what: string;
  readonly why: string;
  /** Why a person has to approve it; "": nobody has to. */
  readonly needsPerson: string;
}

/** GET /api/flow/:place/:flow/trades?before=KEY&pair=PAIR&limit=N: newest first. */
export interface TradesAnswer {
  readonly trades: readonly Wire<Trade>[];
  /** `before` of the next page; null at the end. */
  readonly before: string | null;
}

/** GET /api/flow/:place/:flow/refusals?before=KEY&query=TEXT&limit=N: newest first, of the newest 10,000. */
export interface RefusalsAnswer {
  readonly refusals: readonly Wire<RefusedEntry>[];
  readonly before: string | null;
}

/** GET /api/flow/:place/:flow/events?query=TEXT&before=ID&limit=N: newest first; `query` is looked for in orders, signals, pairs, positions, types. */
export interface EventsAnswer {
  readonly events: readonly EventAnswer[];
  /** `before` of the next page: there may be one even where `events` is empty, since a search looks at so many at a time. Null at the end. */
  readonly before: string | null;
  /** Up to this event's time everything was looked at. */
  readonly searchedTo?: string;
  /** Older events are no longer kept. */
  readonly isTrimmed: boolean;
}

export interface EventAnswer {
  readonly event: Wire<StateEvent>;
  /** In words, as `sf-state events` shows it. */
  readonly words: string;
}

/** GET /api/flow/:place/:flow/report?from=&to=&by=&year=: what `sf-state report --json` says. */
export type ReportAnswer = { readonly flowId: string } & Wire<Report>;

/** GET /api/flow/:place/:flow/equity?from=&to=: of the same report. */
export interface EquityAnswer {
  readonly from: string;
  readonly to: string;
  readonly currency: string;
  readonly curve: readonly { readonly at: string; readonly equity: number }[];
  readonly days: readonly Wire<ReportDay>[];
  readonly drawdown: Wire<Report["drawdown"]>;
  /** Equity is known; else the curve begins at 0. */
  readonly isKnown: boolean;
  readonly notes: readonly string[];
}

/** Frames of GET /api/stream: `event:` is `kind`, `data:` the rest as one line of JSON. A line `: beat` comes every 10 s. */
export type StreamFrame =
  /** The first, always. `resumed`: the events after the given id follow without gap or double; else read anew what you show. */
  | { readonly kind: "hello"; readonly now: string; readonly resumed: boolean; readonly session: Session }
  /** With `id:`, to be sent as `Last-Event-ID` by who comes back. */
  | (FlowName & { readonly kind: "event" } & EventAnswer)
  /** The same of an account's own log. */
  | ({ readonly kind: "account_event"; readonly place: string; readonly account: string } & EventAnswer)
  /** What changed in the fleet; after `hello` all of it. Without `id:`. */
  | {
      readonly kind: "fleet";
      readonly now: string;
      readonly readAt: string;
      readonly flows: readonly FleetFlow[];
      readonly gone: readonly FlowName[];
      readonly places?: readonly PlaceAnswer[];
      readonly accounts?: readonly AccountAnswer[];
      readonly wants?: readonly Want[];
    }
  /** Events of a flow may be missing here: its feed broke, or its log was trimmed. Read that flow's events anew. */
  | (FlowName & { readonly kind: "gap" })
  /** The last: come back with the last id after `retryAfter` ms. */
  | { readonly kind: "bye"; readonly reason: "slow" | "stopping"; readonly retryAfter: number };

/** POST /api/flow/:place/:flow/breaker/trip, /api/account/:place/:account/breaker/trip and /api/breaker/trip (all flows). */
export interface TripRequest {
  /** Typed by the person: the flow's id, the account's name, or `session.name`. */
  readonly confirm: string;
  readonly reason: string;
  /** `2h`, `until_day_end`, `until_reset`; default: `risk.breaker_duration`. */
  readonly for?: string;
}

/** POST .../breaker/reset, of the same three. */
export interface ResetRequest {
  readonly confirm: string;
  readonly reason?: string;
}

export interface TripAnswer {
  /** Absent: until it is reset. */
  readonly until?: string;
}

export interface ResetAnswer {
  /** False: it was not tripped. */
  readonly reset: boolean;
}

/** Of all flows: one that fails does not stop the others; then the status is 502. */
export interface AllAnswer<Each> {
  readonly flows: readonly (FlowName & (({ readonly error?: never } & Each) | { readonly error: string }))[];
  /** Places that could not be asked for all their flows. */
  readonly problems: readonly string[];
}

/** POST /api/flow/:place/:flow/orders/cancel: in state only, as `sf-state orders cancel`. */
export interface CancelRequest {
  readonly orderId: string;
  readonly releaseSignal?: boolean;
}

export interface CancelAnswer {
  readonly order: Wire<PendingOrder>;
  readonly signalReleased: boolean;
}

/** POST /api/flow/:place/:flow/orders/resolve: what the exchange says of an order, as `sf-state orders resolve`. */
export type ResolveRequest = { readonly orderId: string } & (
  | {
      readonly is: "filled";
      readonly fillId: string;
      readonly price: number;
      readonly size: number;
      readonly fee?: number;
      readonly feeCurrency?: string;
      readonly feeRate?: number;
      readonly rate?: number;
      readonly ts?: string;
      readonly overfill?: boolean;
      /** And then it was cancelled there. */
      readonly cancelled?: boolean;
    }
  | { readonly is: "cancelled" }
  | { readonly is: "never_arrived"; readonly releaseSignal?: boolean }
  | { readonly is: "open" }
);

export interface ResolveAnswer {
  readonly order: Wire<PendingOrder>;
  /** Of a fill: false when it was booked before. */
  readonly applied: boolean;
  readonly tripped: boolean;
}

/** POST /api/flow/:place/:flow/recovery/approve */
export interface ApproveRequest {
  readonly hash: string;
}

export interface ApproveAnswer {
  /** False: it was approved before. */
  readonly approved: boolean;
}

/** POST /api/flow/:place/:flow/lease/break: only a dead holder's, and only the lease with this token. */
export interface BreakLeaseRequest {
  readonly token: number;
}

export interface BreakLeaseAnswer {
  /** False: another had taken it, or nobody held it any more. */
  readonly broken: boolean;
}

/** POST /api/flow/:place/:flow/instances/prune: forgets dead bots. */
export interface PruneRequest {
  /** As they were seen: one that gave a heartbeat since then stays. */
  readonly instances: readonly { readonly id: string; readonly lastHeartbeat: string }[];
}

export interface PruneAnswer {
  readonly forgotten: readonly string[];
}

/**
 * Every route. `changes` needs a token, a server that is not read-only, and JSON from the page itself. `:place`, `:flow` and `:account` are encoded by
 * `encodeURIComponent`. Anything else is a file of the page, or 404.
 */
export const ROUTES = [
  { method: "GET", path: "/api/session", changes: false },
  { method: "GET", path: "/api/fleet", changes: false },
  { method: "GET", path: "/api/stream", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/trades", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/refusals", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/events", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/report", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/report.html", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/equity", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/export/trades.csv", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/export/trades.parquet", changes: false },
  { method: "GET", path: "/api/flow/:place/:flow/export/events.jsonl", changes: false },
  { method: "POST", path: "/api/breaker/trip", changes: true },
  { method: "POST", path: "/api/breaker/reset", changes: true },
  { method: "POST", path: "/api/account/:place/:account/breaker/trip", changes: true },
  { method: "POST", path: "/api/account/:place/:account/breaker/reset", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/breaker/trip", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/breaker/reset", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/orders/cancel", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/orders/resolve", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/recovery/approve", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/lease/break", changes: true },
  { method: "POST", path: "/api/flow/:place/:flow/instances/prune", changes: true },
] as const;

export type Route = (typeof ROUTES)[number];
export type RoutePath = Route["path"];
