import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions, type SentinelConnectionOptions, SentinelConnector } from "ioredis";

/** What makes an ioredis client's connections. */
export type Connector = NonNullable<RedisOptions["Connector"]>;

/** How a connector reports a problem while it keeps trying. */
export type Report = (type: string, error: Error) => void;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where a server listens: on a port, or on a socket file of this machine. */
export type Place = ServerAddress | { readonly path: string };

/** The place in messages. */
export function placeText(place: Place): string {
  return "path" in place ? place.path : `${place.host}:${place.port}`;
}

/** Addresses by `host:port` as servers name each other: how they are reached from here. */
export type NatMap = Readonly<Record<string, { host: string; port: number }>>;

/** `redis.nat_map` in ioredis' form; undefined: every address is reached under its own name. */
export function natMapOf(map: Readonly<Record<string, string>> | undefined): NatMap | undefined {
  return (
    map &&
    Object.fromEntries(
      Object.entries(map).map(([from, to]) => {
        const at = to.lastIndexOf(":");
        return [from, { host: to.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(to.slice(at + 1)) }];
      }),
    )
  );
}

/**
 * Connects to a known place. ioredis' own connectors handle only one error of a socket, but a refused TLS socket may report a second one, which must not
 * stay uncaught.
 */
export abstract class PlaceConnector extends AbstractConnector {
  /** Called when the other side accepts the connection, before TLS is set up. */
  protected accepted(): void {}

  protected dial(place: Place, tls: ConnectionOptions | undefined): Socket {
    const socket = tls ? connectTls({ ...place, ...tls }) : connect(place);
    socket.once("connect", () => this.accepted());
    this.stream = socket.on("error", (error) => {
      this.firstError = error;
    });
    return socket;
  }
}

/** Connects to one server. */
export function serverConnector(
  place: Place,
  tls: ConnectionOptions | undefined,
  farewell: number,
  accepted: () => void = () => {},
): Connector {
  return class extends PlaceConnector {
    protected override accepted = accepted;

    constructor() {
      super(farewell);
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      return this.dial(place, tls);
    }
  };
}

/** If sentinels are not there, ioredis only says that the connection is closed: we ask each sentinel for the real cause. */
async function inFull(error: Error, { sentinels = [], connectTimeout = 0 }: SentinelConnectionOptions): Promise<Error> {
  if (!error.message.endsWith("Last error: Connection is closed.")) return error;
  const places = sentinels.map(({ host = "localhost", port = 26_379 }) => ({ host, port }));
  const whys = await Promise.all(places.map((place) => absence(place, connectTimeout)));
  const why = whys.at(-1);
  if (why === undefined || whys.includes(undefined)) return error;
  return new Error(error.message.replace("Connection is closed.", why));
}

/** Why no connection to a place can be made; undefined if it can be made, or if no error comes within `patience` ms. */
function absence(place: ServerAddress, patience: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...place, timeout: patience });
    const end = (why?: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.once("connect", () => end()).once("timeout", () => end());
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.message || error.code));
  });
}

/** Connects to the master that the sentinels name. */
export function sentinelConnector(options: SentinelConnectionOptions, accepted: () => void): Connector {
  return class extends SentinelConnector {
    constructor() {
      super(options);
    }

    override async connect(report: Report): Promise<Socket> {
      const socket = await super.connect(
        (type, error) => void inFull(error, options).then((told) => report(type, told)),
      );
      socket.once("connect", accepted);
      return socket.on("error", () => {});
    }
  };
}
