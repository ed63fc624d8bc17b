import { createServer, type Socket } from "node:net";
import { onFreePort, PortTakenError } from "./ports.js";
import { type ChaosRates, FaultPlan, type RequestMatch } from "./proxy-faults.js";
import { Link, type LinkOwner } from "./proxy-link.js";

/** What went through a proxy since it was started. */
export interface ProxyStats {
  /** Connections that were accepted, and how many of them are open now. */
  readonly connections: number;
  readonly open: number;
  readonly refused: number;
  /** Requests that were forwarded to Redis. */
  readonly requests: number;
  /** Replies and push messages that were forwarded to clients. */
  readonly replies: number;
  /** Requests that were dropped: Redis never saw them. */
  readonly lostRequests: number;
  /** Replies that were dropped or swallowed: Redis executed their requests. */
  readonly lostReplies: number;
}

/** A TCP proxy in front of one Redis, with faults on demand. It understands RESP2 and RESP3, but not TLS. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly url: string;
  readonly stats: ProxyStats;
  /** Closes all connections now. Requests that were forwarded are still executed; what waits in the proxy is lost. */
  cut(): void;
  /** Requests and replies wait. Connections stay open, and new ones are accepted. */
  stall(): void;
  /** Replies wait; requests still reach Redis. */
  stallReplies(): void;
  /** Requests wait; replies still flow. One whose client has gone meanwhile is delivered by `resume` all the same: late. */
  holdRequests(): void;
  /** Ends `stall`, `stallReplies` and `holdRequests`: forwards what waits, in order. */
  resume(): void;
  /** The next `count` requests are lost, each with its connection: Redis never sees them. */
  dropRequests(count: number, of?: RequestMatch): void;
  /** The next `count` replies are lost, each with its connection: Redis did what was asked, and the client never learns. */
  dropReplies(count: number, to?: RequestMatch): void;
  /**
   * The next `count` replies vanish; their connections stay open, and later replies flow. TCP does no such thing: it shows what
   * a client makes of a reply that never comes, but one that goes on using the connection takes the next reply for the lost one.
   */
  swallowReplies(count: number, to?: RequestMatch): void;
  /** While true, a new connection is reset at once. Open ones stay. */
  refuse(refusing: boolean): void;
  /**
   * Random faults until `calm`. What befalls a connection follows from the seed, from its number since this call, and from the
   * numbers of its requests and replies: the same traffic meets the same faults.
   */
  chaos(seed: number, options: { readonly rates: ChaosRates }): void;
  /** Ends every fault and forwards what waits. */
  calm(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1, in front of the Redis on `targetPort`, which need not be up yet. */
export function startProxy(targetPort: number): Promise<FaultProxy> {
  return onFreePort((port) => startOn(port, targetPort));
}

async function startOn(port: number, targetPort: number): Promise<FaultProxy> {
  const plan = new FaultPlan();
  const links = new Set<Link>();
  const counts = { connections: 0, refused: 0, requests: 0, replies: 0, lostRequests: 0, lostReplies: 0 };
  const held = { requests: false, replies: false };
  let refusing = false;

  const owner: LinkOwner = {
    get requestsHeld() {
      return held.requests;
    },
    get repliesHeld() {
      return held.replies;
    },
    fateOfRequest(request, link) {
      const fate = plan.fateOfRequest(request, link);
      if (fate === "drop") counts.lostRequests += 1;
      return fate;
    },
    fateOfReply(request, link) {
      const fate = plan.fateOfReply(request, link);
      if (fate === "drop" || fate === "swallow") counts.lostReplies += 1;
      return fate;
    },
    forwarded(what) {
      counts[what === "request" ? "requests" : "replies"] += 1;
    },
    closed(link) {
      links.delete(link);
    },
  };

  function accept(client: Socket): void {
    if (refusing || plan.refuses()) {
      counts.refused += 1;
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    counts.connections += 1;
    const link = new Link(client, targetPort, owner);
    links.add(link);
    plan.enrol(link);
  }

  function hold(requests: boolean, replies: boolean): void {
    held.requests = requests;
    held.replies = replies;
    for (const link of links) link.flush();
  }

  const server = createServer(accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new PortTakenError(port)));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });

  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const link of links) link.destroy();
    await closed;
  }

  return {
    host: "127.0.0.1",
    port,
    url: `redis://127.0.0.1:${port}`,
    get stats() {
      return { ...counts, open: links.size };
    },
    cut() {
      for (const link of links) link.cut();
    },
    stall: () => hold(true, true),
    stallReplies: () => hold(held.requests, true),
    holdRequests: () => hold(true, held.replies),
    resume: () => hold(false, false),
    dropRequests: (count, of) => plan.order("dropRequest", count, of),
    dropReplies: (count, to) => plan.order("dropReply", count, to),
    swallowReplies: (count, to) => plan.order("swallowReply", count, to),
    refuse(value) {
      refusing = value;
    },
    chaos: (seed, { rates }) => plan.chaos(seed, rates, links),
    calm() {
      plan.calm();
      refusing = false;
      hold(false, false);
      for (const link of links) link.hurry();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
