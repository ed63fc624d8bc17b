/**
 * What goes between the operator's page and its server: every route, its parameters and its answer. Types only, and the list of routes, since the browser's
 * side imports this file, too. Times are ISO 8601 texts, durations ms, money numbers in the currency of the flow (or account). Names, ids, reasons and
 * metadata may have been written by anybody: show them as text. An absent field is not known; a null cannot be known, and the field beside it says why.
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
  /** 409: something has changed since the request was made (an order that ended, an old plan); nothing was done. */
  | "conflict"
  /** 429: too many wrong tokens, or too many streams; `Retry-After` says when. */
  | "too_many"
  /** 502: the store, or the bot that holds the file, cannot be asked; a change was not made. */
  | "unreachable"
  /** 502: it is not known whether the change was made: look before you make it again. */
  | "unknown_outcome"
  | "internal";

/** A Redis, or a folder of DuckDB files. `id` is its name in paths. */
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
  /** The name that confirms a change of all flows: `--name`, or `all flows`. */
  readonly name: string;
  readonly version: string;
  /** Whether this request may change anything; `why` says why not. */
  readonly mayChange: boolean;
  readonly why?: string;
  /** A token would allow changes, and this request had none. */
  readonly wantsToken: boolean;
}

export interface FlowName {
  readonly place: string;
  readonly flowId: string;
}

/** Something that needs a person: what, since when, what it blocks, what to do. */
export interface Want {
  /** The same while it is the same fact. */
  readonly id: string;
  /** 0: critical, 1: warning, 2: good to know. The most urgent come first, and among those the oldest. */
  readonly urgency: number;
  /** A word for programs: breaker, dead, recovering, ... */
  readonly kind: string;
  /** In a sentence, without the flow's name. */
  readonly what: string;
  readonly since?: string;
  /** "" for nothing. */
  readonly blocks: string;
  readonly cure: string;
  readonly place: string;
  /** For a fact about an account: one of its flows. */
  readonly flowId: string;
  readonly account?: string;
  /** The section of the flow's view where it can be solved. */
  readonly section?: FlowSection;
}

export type FlowSection = "breaker" | "bots" | "recovery" | "orders" | "positions" | "limits" | "trades" | "events";

/** How much is left of a limit until it refuses entries or trips the breaker. */
export interface Budget {
  readonly of: "flow" | "account";
  readonly name: RiskLimitName;
  /** Money, a count, or a fraction of the peak (`max_drawdown`). */
  readonly unit: "money" | "count" | "share";
  readonly limit: number;
  readonly used: number;
  /** `limit - used`, at least 0; null if `used` is not known, such as a drawdown without an equity. */
  readonly left: number | null;
  /** For `max_positions_per_pair`: the pair with the most. */
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
        /** As in `sf-state ls --json`: breaker, account breaker, recovering, stale, dead, untold. Empty if all is well. */
        readonly alarms: readonly string[];
        /** When the flow was read, by its own clock. */
        readonly at: string;
        /** A bot holds the file and cannot be asked: this is the snapshot file it wrote, as old as `at`. */
        readonly isSnapshotFile: boolean;
        readonly epoch: string;
        readonly currency: string;
        readonly breaker: Wire<CircuitBreaker>;
        /** Why entries wait for a recovery. */
        readonly recovering?: string;
        readonly heartbeat?: string;
        /** Age of the newest heartbeat at `at`, ms. */
        readonly heartbeatAge?: number;
        readonly alive: readonly string[];
        readonly dead: readonly string[];
        readonly lease?: Wire<LeaseState> & { readonly life: HolderLife };
        readonly risk: Wire<RiskState>;
        /** Null if it is not known. */
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

/** Whether entries may go ahead, and why not. Limits of a pair, or a cooldown, may still refuse one. */
export interface EntryAnswer {
  readonly may: boolean;
  /** The first reason that refuses all entries. */
  readonly reason?: Refusal;
  /** One sentence. */
  readonly sentence: string;
  /** When it ends by itself. */
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
  /** The worst first. */
  readonly flows: readonly FleetFlow[];
  readonly accounts: readonly AccountAnswer[];
  readonly wants: readonly Want[];
}

export interface AccountAnswer {
  readonly place: string;
  readonly status: Wire<AccountStatus>;
  readonly budgets: readonly Budget[];
}

/** GET /api/flow/:place/:flow, from one snapshot. What is also in `sf-state status --json` has the same name there. */
export interface FlowAnswer extends FlowName {
  readonly now: string;
  readonly session: Session;
  /** The place in words for people. */
  readonly placeName: string;
  /** The Redis key of its event log, which differs for a flow that moved to its account's slot in a cluster; absent for a file. */
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
  /** Absent if only a snapshot file could be read. */
  readonly log?: Wire<LogPlace>;
}

export type PositionAnswer = Wire<Position> & {
  /** Its part of `max_exposure`; null if it cannot be priced. */
  readonly exposure: number | null;
  /** Fraction of `max_exposure`; absent without that limit. */
  readonly share?: number;
};

export type OrderAnswer = Wire<PendingOrder> & {
  /** What it reserves of `max_exposure`; null if nothing, or if it cannot be priced. */
  readonly exposure: number | null;
  /** ms since it was placed. */
  readonly age: number;
};

export interface RecoveryAnswer extends Wire<Omit<RecoveryState, "journal">> {
  readonly life: HolderLife;
  /** The plan that waits for a person, or was approved. */
  readonly hash?: string;
  readonly approved: boolean;
  /** Absent if the stored plan cannot be read. */
  readonly plan?: PlanAnswer;
}

export interface PlanAnswer {
  readonly hash: string;
  readonly at: string;
  readonly exchange: string;
  readonly mode: string;
  /** What it would do, in order. */
  readonly actions: readonly PlanRow[];
  /** How many more there are than the stored `actions`. */
  readonly omitted: number;
  readonly waiting: readonly { readonly subject: string; readonly why: string }[];
  readonly notes: readonly string[];
}

/** An action in words, and its evidence. */
export interface PlanRow {
  readonly pair: string;
  readonly what: string;
  readonly why: string;
  /** Why a person has to approve it; "" if nobody has to. */
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
  /** `before` of the next page; null at the end. It may be set even if `events` is empty, since a search looks at a limited number of events at a time. */
  readonly before: string | null;
  /** Everything back to this time was searched. */
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
  /** Whether the equity is known; otherwise the curve begins at 0. */
  readonly isKnown: boolean;
  readonly notes: readonly string[];
}

/** Frames of GET /api/stream: `event:` is `kind`, `data:` the rest as one line of JSON. A line `: beat` comes every 10 s. */
export type StreamFrame =
  /** Always the first. `resumed`: the events after the given id follow without gap or double. Otherwise read everything shown anew. */
  | { readonly kind: "hello"; readonly now: string; readonly resumed: boolean; readonly session: Session }
  /** With an `id:`, which a client that comes back sends as `Last-Event-ID`. */
  | (FlowName & { readonly kind: "event" } & EventAnswer)
  /** The same for an account's own log. */
  | ({ readonly kind: "account_event"; readonly place: string; readonly account: string } & EventAnswer)
  /** What changed in the fleet; after `hello` the whole fleet. Without `id:`. */
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
  /** Events of a flow may be missing here, since its feed broke or its log was trimmed. Read that flow's events anew. */
  | (FlowName & { readonly kind: "gap" })
  /** The last frame: come back with the last id after `retryAfter` ms. */
  | { readonly kind: "bye"; readonly reason: "slow" | "stopping"; readonly retryAfter: number };

/** POST /api/flow/:place/:flow/breaker/trip, /api/account/:place/:account/breaker/trip and /api/breaker/trip (all flows). */
export interface TripRequest {
  /** What the person typed: the flow's id, the account's name, or `session.name`. */
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
  /** Absent if it lasts until it is reset. */
  readonly until?: string;
}

export interface ResetAnswer {
  /** False if it was not tripped. */
  readonly reset: boolean;
}

/** For all flows. If one fails, the others still follow, and the status is 502. */
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

/** POST /api/flow/:place/:flow/orders/resolve: what the exchange says about an order, as `sf-state orders resolve`. */
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
      /** The rest was cancelled there. */
      readonly cancelled?: boolean;
    }
  | { readonly is: "cancelled" }
  | { readonly is: "never_arrived"; readonly releaseSignal?: boolean }
  | { readonly is: "open" }
);

export interface ResolveAnswer {
  readonly order: Wire<PendingOrder>;
  /** For a fill: false if it was booked before. */
  readonly applied: boolean;
  readonly tripped: boolean;
}

/** POST /api/flow/:place/:flow/recovery/approve */
export interface ApproveRequest {
  readonly hash: string;
}

export interface ApproveAnswer {
  /** False if it was approved before. */
  readonly approved: boolean;
}

/** POST /api/flow/:place/:flow/lease/break: only a dead holder's, and only the lease with this token. */
export interface BreakLeaseRequest {
  readonly token: number;
}

export interface BreakLeaseAnswer {
  /** False if another process took it meanwhile, or nobody holds it any more. */
  readonly broken: boolean;
}

/** POST /api/flow/:place/:flow/instances/prune: forgets dead bots. */
export interface PruneRequest {
  /** As they were seen: an instance that gave a heartbeat since then stays. */
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
