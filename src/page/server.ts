/**
 * The operator's page over HTTP. Every request passes the same checks in the same order: host, path, origin, token, then what it asks for. Reading changes
 * nothing; routes that change something are marked in `ROUTES`.
 */

import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { tradePages } from "../cli/flow-pages.js";
import { parseAccountName } from "../config/account.js";
import { isFlowId } from "../config/flow-id.js";
import { StateError } from "../errors.js";
import { csvHead, csvRow } from "../ledger/csv.js";
import { jsonLine } from "../ledger/json-line.js";
import { EVENT_COLUMNS, tradeColumns } from "../ledger/tables.js";
import type { StateManager } from "../manager/state-manager.js";
import { reportHtml } from "../report/html.js";
import type { LogPlace, RecoveryState } from "../types.js";
import { VERSION } from "../version.js";
import { errorText } from "../words/error-text.js";
import { answerFile, answerJson, asFile, writeParquet, writePieces } from "./answers.js";
import * as changes from "./changes.js";
import { Feed, type Followed, type Told } from "./feed.js";
import { Fleet, type FleetReading, type Seen } from "./fleet.js";
import { type FleetTold, fleetFrame, isNews, toldOf } from "./fleet-frames.js";
import { Gate, type GateOptions, type Pass } from "./gate.js";
import { wire } from "./json.js";
import * as looks from "./looks.js";
import { OpenFlows } from "./open-flows.js";
import type { Place } from "./place.js";
import { Refusal } from "./refusal.js";
import * as body from "./request-body.js";
import { routeOf, targetOf } from "./route.js";
import { Shared } from "./shared.js";
import { type StaticFile, staticFiles } from "./static-files.js";
import { Streams } from "./stream.js";
import type { ErrorAnswer, ErrorCode, FleetAnswer, ReportAnswer, RoutePath, Session } from "./wire.js";

export interface PageOptions {
  readonly places: readonly Place[];
  /** The name that confirms a change of all flows. */
  readonly name: string;
  /** A folder with the page's files. */
  readonly app: string;
  /** Called when the port is known. */
  readonly gate: (port: number) => GateOptions;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly planOf: looks.PlanOf;
  /** Gets a line for each change and each internal failure, never with a token. */
  readonly log: (line: string) => void;
  /** The most streams at a time; default 1,000. */
  readonly mostStreams?: number;
  /** The most exports that are made, or wait for their readers, at a time; default 50. */
  readonly mostFiles?: number;
  /** How often the fleet is read while somebody looks and nothing causes a reading, ms; default 1,000. */
  readonly lookEvery?: number;
}

/** Header and body of a request have to arrive within this time, ms. */
const SLOWEST_HEADER = 10_000;
const SLOWEST_REQUEST = 20_000;
/** An idle connection is closed after this time, ms. */
const IDLE = 60_000;
const MOST_CONNECTIONS = 3_000;
/** At most this many reports and exports are made at a time. A few more wait; beyond that none is begun. */
const MOST_HEAVY = 2;
const MOST_WAITING = 20;
/** How often the fleet is read while somebody looks, ms; it is never read more often, whatever happens. */
const LOOK = 1_000;
const SHORTEST_LOOK = 200;
/** How often flows are searched for and followed while nobody looks, ms. */
const SEARCH = 5_000;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** A request to a route. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly names: Readonly<Record<string, string>>;
  readonly route: RoutePath;
  readonly pass: Pass;
}

/** An open flow with its recovery and the ends of its log. */
interface SeenWhole {
  readonly seen: Extract<Seen, { status: unknown }>;
  readonly found?: RecoveryState;
  readonly log?: LogPlace;
}

/** Resolves to what is answered as JSON; undefined if it has answered by itself. */
type Work = (asked: Asked) => Promise<object | undefined>;

export class PageServer implements AsyncDisposable {
  readonly fleet: Fleet;
  readonly streams: Streams;
  readonly #flows = new OpenFlows();
  readonly #feed: Feed;
  readonly #seen = new Shared<SeenWhole>();
  readonly #answers = new Shared<object>();
  readonly #server: Server;
  readonly #end = new AbortController();
  #gate: Gate | undefined;
  #watching: Promise<void> | undefined;
  /** Resolves when all existing flows are followed. */
  #following: Promise<void> | undefined;
  /** Has the fleet read now. */
  #wake = () => {};
  #heavy = 0;
  #files = 0;
  readonly #waiting: (() => void)[] = [];
  /** The fleet as all streams know it. */
  #told: FleetTold | undefined;

  private constructor(
    private readonly options: PageOptions,
    private readonly files: ReadonlyMap<string, StaticFile>,
  ) {
    this.fleet = new Fleet(options.places, this.#flows);
    this.streams = new Streams(options.mostStreams ?? 1_000);
    this.#feed = new Feed(this.#flows, (told) => this.#tell(told));
    const settings = {
      maxHeaderSize: 16 * 1024,
      requireHostHeader: false, // the gate refuses it
      headersTimeout: SLOWEST_HEADER,
      requestTimeout: SLOWEST_REQUEST,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 5_000,
    };
    const { tls } = options;
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    this.#server = tls
      ? createHttps({ ...settings, ...tls, minVersion: "TLSv1.2" }, answer)
      : createHttp(settings, answer);
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.setTimeout(IDLE);
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (!socket.writable) return;
      const [status, words] =
        error.code === "HPE_HEADER_OVERFLOW"
          ? [431, "Request Header Fields Too Large"]
          : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
            ? [408, "Request Timeout"]
            : [400, "Bad Request"];
      socket.end(`HTTP/1.1 ${status} ${words}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });
  }

  /** Listens. Rejects where the address is taken; a place that cannot be reached is told on the page. */
  static async listen(options: PageOptions, at: { readonly host: string; readonly port: number }): Promise<PageServer> {
    const page = new PageServer(options, await staticFiles(options.app));
    page.#server.listen(at.port, at.host);
    await once(page.#server, "listening");
    page.#gate = new Gate(options.gate(page.port));
    page.#following = new Promise((resolve) => {
      page.#watching = page.#watch(resolve);
    });
    return page;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Tells streams to come back, ends what is under way after a second, and closes all flows. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.streams.close();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(timer);
    await this.#feed[Symbol.asyncDispose]();
    await this.#watching;
    await this.#flows[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      await this.#handle(request, response);
    } catch (error) {
      const { status, code, message, headers } = this.#refusalOf(error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      const answer: ErrorAnswer = { error: { code, message } };
      // The rest of an unread body would be taken for the next request.
      if (!request.complete) response.setHeader("connection", "close");
      answerJson(response, status, answer);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gate = this.#gate;
    if (!gate) throw new Refusal(503, "unreachable", "the server begins");
    gate.checkHost(request);
    const { path, query } = targetOf(request);
    const method = request.method ?? "";
    if (!path.startsWith("/api/")) {
      this.#file(method, path, request, response);
      return;
    }
    const { route, names } = routeOf(method, path);
    gate.checkOrigin(request, true);
    const pass = await gate.pass(request);
    if (route.changes) gate.checkChange(pass);
    const asked = { request, response, query, names, route: route.path, pass };
    const answer = await this.#work[route.path](asked);
    if (route.changes) {
      this.fleet.spoil();
      this.options.log(`${new Date().toISOString()} ${request.socket.remoteAddress ?? ""} ${path}`);
    }
    if (answer) answerJson(response, hasFailed(answer) ? 502 : 200, answer);
  }

  #file(method: string, path: string, request: IncomingMessage, response: ServerResponse): void {
    if (method !== "GET" && method !== "HEAD")
      throw new Refusal(405, "request", "expected GET", { allow: "GET, HEAD" });
    const file = this.files.get(path);
    if (!file) {
      throw new Refusal(
        404,
        "not_found",
        path === "/" ? "the page was not built: npm run build" : "there is nothing here",
      );
    }
    const isGzipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const bytes = isGzipped ? file.gzipped : file.bytes;
    response.writeHead(200, {
      "content-type": file.type,
      "content-length": bytes.length,
      vary: "accept-encoding",
      // The ETag is made from the content.
      ...(path.startsWith("/assets/") && { "cache-control": "public, max-age=31536000, immutable" }),
      ...(isGzipped && { "content-encoding": "gzip" }),
    });
    response.end(method === "HEAD" ? undefined : bytes);
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const message = this.options.places.reduce((text, place) => place.redact(text), errorText(error));
    if (error instanceof StateError) {
      const [status, code] = ANSWERS[error.code];
      return new Refusal(status, code, message);
    }
    this.options.log(`error: ${message}`);
    return new Refusal(500, "internal", "something went wrong inside; the server's output says what");
  }

  // Routes

  readonly #work: Readonly<Record<RoutePath, Work>> = {
    "/api/session": async ({ pass }) => this.#session(pass),
    "/api/fleet": async ({ pass }) => this.#fleetAnswer(await this.fleet.read(), this.#session(pass)),
    "/api/stream": async (asked) => this.#stream(asked),
    "/api/flow/:place/:flow": async ({ names, pass }) => {
      const { place, flowId } = this.#flow(names);
      const { seen, found, log } = await this.#seen.ask(`${place.id}/${flowId}`, () => this.#see(place, flowId));
      return looks.flowAnswer(seen, found, log, this.options.planOf, this.#session(pass));
    },
    "/api/flow/:place/:flow/trades": (asked) =>
      this.#shared(asked, (manager) =>
        looks.tradesPage(manager, looks.pageAsked(asked.query), asked.query.get("pair") ?? undefined),
      ),
    "/api/flow/:place/:flow/refusals": (asked) =>
      this.#shared(asked, (manager) =>
        looks.refusalsPage(manager, looks.pageAsked(asked.query), asked.query.get("query") ?? ""),
      ),
    "/api/flow/:place/:flow/events": (asked) =>
      this.#shared(asked, (manager) =>
        looks.eventsPage(manager, looks.pageAsked(asked.query), asked.query.get("query") ?? ""),
      ),
    "/api/flow/:place/:flow/report": (asked) =>
      this.#shared(
        asked,
        async (manager): Promise<ReportAnswer> => ({
          flowId: manager.flowId,
          ...wire(await looks.reportFor(manager, asked.query)),
        }),
        "heavy",
      ),
    "/api/flow/:place/:flow/report.html": ({ names, query, response }) =>
      this.#heavily(() =>
        this.#with(names, async (manager) => {
          const html = reportHtml(manager.flowId, await looks.reportFor(manager, query));
          asFile(response, "text/html; charset=utf-8", `${manager.flowId}-report.html`);
          // The file's own policy says the same: it loads nothing and runs nothing.
          response.setHeader("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
          response.end(html);
          return undefined;
        }),
      ),
    "/api/flow/:place/:flow/equity": (asked) =>
      this.#shared(asked, async (manager) => looks.equityAnswer(await looks.reportFor(manager, asked.query)), "heavy"),
    "/api/flow/:place/:flow/export/trades.csv": (asked) =>
      this.#export(asked, "trades.csv", "text/csv; charset=utf-8", (manager, path) =>
        writePieces(path, csvOfTrades(manager)),
      ),
    "/api/flow/:place/:flow/export/trades.parquet": (asked) =>
      this.#export(asked, "trades.parquet", "application/vnd.apache.parquet", (manager, path) =>
        writeParquet(path, manager),
      ),
    "/api/flow/:place/:flow/export/events.jsonl": (asked) =>
      this.#export(asked, "events.jsonl", "application/jsonl; charset=utf-8", (manager, path) =>
        writePieces(
          path,
          looks.eventLines(manager, (event) => jsonLine(EVENT_COLUMNS, event)),
        ),
      ),
    "/api/breaker/trip": async ({ request }) => {
      const { confirm, ...asked } = await body.bodyOf(request, body.tripBody);
      changes.checkConfirmed(confirm, this.options.name);
      return changes.all(this.options.places, this.#flows, (manager) => changes.tripFlow(manager, asked));
    },
    "/api/breaker/reset": async ({ request }) => {
      const { confirm, ...asked } = await body.bodyOf(request, body.resetBody);
      changes.checkConfirmed(confirm, this.options.name);
      return changes.all(this.options.places, this.#flows, (manager) => changes.resetFlow(manager, asked));
    },
    "/api/account/:place/:account/breaker/trip": async ({ request, names }) => {
      const { place, account } = this.#account(names);
      const asked = await body.bodyOf(request, body.tripBody);
      changes.checkConfirmed(asked.confirm, account);
      return changes.tripAccount(place, account, asked);
    },
    "/api/account/:place/:account/breaker/reset": async ({ request, names }) => {
      const { place, account } = this.#account(names);
      const asked = await body.bodyOf(request, body.resetBody);
      changes.checkConfirmed(asked.confirm, account);
      return changes.resetAccount(place, account, asked);
    },
    "/api/flow/:place/:flow/breaker/trip": async ({ request, names }) => {
      const { confirm, ...asked } = await body.bodyOf(request, body.tripBody);
      changes.checkConfirmed(confirm, this.#flow(names).flowId);
      return this.#with(names, (manager) => changes.tripFlow(manager, asked));
    },
    "/api/flow/:place/:flow/breaker/reset": async ({ request, names }) => {
      const { confirm, ...asked } = await body.bodyOf(request, body.resetBody);
      changes.checkConfirmed(confirm, this.#flow(names).flowId);
      return this.#with(names, (manager) => changes.resetFlow(manager, asked));
    },
    "/api/flow/:place/:flow/orders/cancel": async ({ request, names }) => {
      const asked = await body.bodyOf(request, body.cancelBody);
      return this.#with(names, (manager) => changes.cancelOrder(manager, asked));
    },
    "/api/flow/:place/:flow/orders/resolve": async ({ request, names }) => {
      const asked = await body.bodyOf(request, body.resolveBody);
      return this.#with(names, (manager) => changes.resolveOrder(manager, asked));
    },
    "/api/flow/:place/:flow/recovery/approve": async ({ request, names }) => {
      const asked = await body.bodyOf(request, body.approveBody);
      return this.#with(names, (manager) => changes.approveRecovery(manager, asked));
    },
    "/api/flow/:place/:flow/lease/break": async ({ request, names }) => {
      const asked = await body.bodyOf(request, body.breakLeaseBody);
      return this.#with(names, (manager) => changes.breakLease(manager, asked));
    },
    "/api/flow/:place/:flow/instances/prune": async ({ request, names }) => {
      const asked = await body.bodyOf(request, body.pruneBody);
      return this.#with(names, (manager) => changes.pruneInstances(manager, asked));
    },
  };

  #session({ mayChange, hasToken, why }: Pass): Session {
    return {
      name: this.options.name,
      version: VERSION,
      mayChange,
      ...(why !== undefined && { why }),
      wantsToken: !mayChange && !hasToken && this.#takesChanges,
    };
  }

  get #takesChanges(): boolean {
    const { token, readOnly } = this.options.gate(this.port);
    return token !== undefined && !readOnly;
  }

  #fleetAnswer({ at, places, flows, accounts, wants }: FleetReading, session: Session): FleetAnswer {
    return { now: new Date().toISOString(), readAt: at.toISOString(), session, places, flows, accounts, wants };
  }

  #place(id: string | undefined): Place {
    const place = this.options.places.find((each) => each.id === id);
    if (!place) throw new Refusal(404, "not_found", "there is no such place");
    return place;
  }

  #flow({ place, flow = "" }: Readonly<Record<string, string>>): { readonly place: Place; readonly flowId: string } {
    const found = this.#place(place);
    if (!isFlowId(flow)) throw new Refusal(404, "not_found", "there is no such flow");
    return { place: found, flowId: flow };
  }

  #account({ place, account }: Readonly<Record<string, string>>): { readonly place: Place; readonly account: string } {
    const found = this.#place(place);
    if (found.kind !== "redis") throw new Refusal(404, "not_found", "accounts are kept in Redis only");
    return { place: found, account: parseAccountName(account) };
  }

  #with<Result>(
    names: Readonly<Record<string, string>>,
    work: (manager: StateManager) => Promise<Result>,
  ): Promise<Result> {
    const { place, flowId } = this.#flow(names);
    return this.#flows.with(place, flowId, work);
  }

  /** What a flow is asked for by many pages at a time is read once for all of them. */
  #shared(
    { names, route, query }: Asked,
    work: (manager: StateManager) => Promise<object>,
    weight: "light" | "heavy" = "light",
  ): Promise<object> {
    const { place, flowId } = this.#flow(names);
    const read = () => this.#flows.with(place, flowId, work);
    const key = JSON.stringify([route, place.id, flowId, String(query)]);
    return this.#answers.ask(key, weight === "heavy" ? () => this.#heavily(read) : read);
  }

  async #see(place: Place, flowId: string): Promise<SeenWhole> {
    const seen = await this.fleet.status(place, flowId);
    if (seen.status.snapshotFile !== undefined) return { seen };
    const [found, log] = await this.#flows.with(place, flowId, (manager) =>
      Promise.all([manager.getRecovery(), manager.getLogPlace()]),
    );
    return { seen, log, ...(found && { found }) };
  }

  /** What takes long is done a few at a time, so that it holds up neither this server nor the store. Who ends gives its turn to the next. */
  async #heavily<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#heavy < MOST_HEAVY) this.#heavy++;
    else {
      if (this.#waiting.length >= MOST_WAITING) {
        throw new Refusal(429, "too_many", "too many reports and exports at a time", { "retry-after": "5" });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#heavy--;
    }
  }

  async #export(
    { names, response }: Asked,
    name: string,
    type: string,
    make: (manager: StateManager, path: string) => Promise<void>,
  ): Promise<undefined> {
    const { flowId } = this.#flow(names);
    if (this.#files >= (this.options.mostFiles ?? 50)) {
      throw new Refusal(429, "too_many", "too many exports at a time", { "retry-after": "5" });
    }
    this.#files++;
    try {
      return await answerFile(response, { type, name: `${flowId}-${name}` }, (path) =>
        this.#heavily(() => this.#with(names, (manager) => make(manager, path))),
      );
    } finally {
      this.#files--;
    }
  }

  // The stream

  async #stream({ request, response, pass }: Asked): Promise<undefined> {
    if (!this.streams.hasRoom) throw new Refusal(429, "too_many", "too many streams", { "retry-after": "10" });
    await this.#following; // from here on nothing is missed
    const reading = await this.fleet.read();
    if (response.destroyed) return undefined;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
    response.setTimeout(0);
    response.flushHeaders();
    const told = this.#told ?? toldOf(reading);
    this.#told = told;
    const id = request.headers["last-event-id"];
    this.streams.open(response, typeof id === "string" ? id : undefined, (resumed) => [
      { kind: "hello", now: new Date().toISOString(), resumed, session: this.#session(pass) },
      fleetFrame(undefined, told),
    ]);
    this.#wake();
    return undefined;
  }

  #tell(told: Told): void {
    const { kind, place } = told;
    if (kind === "gap") this.streams.send({ kind, place: place.id, flowId: told.flowId });
    else if (kind === "event") {
      this.streams.send({ kind, place: place.id, flowId: told.flowId, ...looks.eventAnswer(told.event) });
    } else {
      this.streams.send({ kind, place: place.id, account: told.account, ...looks.eventAnswer(told.event) });
      // It may stop all its flows, and comes seldom: breaker, limits, who joins and leaves.
      this.fleet.spoil();
      this.#wake();
    }
  }

  /** Reads the fleet for all who stream, tells what changed, and has the feed follow the flows that there are. */
  async #watch(isFollowing: () => void): Promise<void> {
    const { signal } = this.#end;
    let toldAt = 0;
    while (!signal.aborted) {
      const end = new AbortController();
      this.#wake = () => end.abort();
      try {
        const reading = await this.fleet.read();
        await this.#feed.follow(reading.seen.map(followed));
        const told = toldOf(reading);
        const before = this.#told;
        this.#told = told;
        const frame = fleetFrame(before, told);
        if (this.streams.size > 0 && (isNews(frame) || performance.now() - toldAt > SEARCH)) {
          this.streams.send(frame);
          toldAt = performance.now();
        }
      } catch (error) {
        this.options.log(`error: ${this.#refusalOf(error).message}`);
      }
      isFollowing();
      const rest = async (ms: number, ...ends: AbortSignal[]) =>
        pause(ms, undefined, { signal: AbortSignal.any([signal, ...ends]) }).catch(() => {});
      await rest(SHORTEST_LOOK);
      await rest((this.streams.size > 0 ? (this.options.lookEvery ?? LOOK) : SEARCH) - SHORTEST_LOOK, end.signal);
    }
  }
}

async function* csvOfTrades(manager: StateManager): AsyncGenerator<string> {
  const columns = tradeColumns(manager.config.report.group_by);
  yield csvHead(columns);
  for await (const page of tradePages(manager, {})) yield page.map((trade) => csvRow(columns, trade)).join("");
}

function followed(seen: Seen): Followed {
  const { place, flowId } = seen;
  const snapshot = "status" in seen ? seen.status.snapshot : undefined;
  return { place, flowId, account: snapshot?.account?.name, epoch: snapshot?.epoch };
}

/** Whether a change of all flows failed for one of them, or could not be asked for all. */
function hasFailed(answer: object): boolean {
  if (!("problems" in answer) || !("flows" in answer)) return false;
  const { problems, flows } = answer;
  const isFailed = (flow: unknown) => typeof flow === "object" && flow !== null && "error" in flow;
  return (Array.isArray(problems) && problems.length > 0) || (Array.isArray(flows) && flows.some(isFailed));
}

/** What errors of the state are over HTTP. */
const ANSWERS: Readonly<Record<StateError["code"], readonly [number, ErrorCode]>> = {
  CONFIG: [400, "bad_request"],
  INVALID_ARGUMENT: [400, "bad_request"],
  CONNECTION: [502, "unreachable"],
  LOCKED: [502, "unreachable"],
  UNKNOWN_OUTCOME: [502, "unknown_outcome"],
  HALF_DONE: [502, "unknown_outcome"],
  UNKNOWN_FLOW: [404, "not_found"],
  STATE_LOST: [409, "conflict"],
  FENCED: [409, "conflict"],
  STALE_STATE: [409, "conflict"],
  SCHEMA_VERSION: [502, "unreachable"],
  CORRUPT_STATE: [502, "unreachable"],
  EXCHANGE: [502, "unreachable"],
};
