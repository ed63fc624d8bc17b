import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions, type SentinelConnectionOptions, SentinelConnector } from "ioredis";

/** What makes an ioredis client's connections. */
export type Connector = NonNullable<RedisOptions["Connector"]>;

/** How a connector tells what goes wrong while it goes on trying. */
export type Report = (type: string, error: Error) => void;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to a place that is known. ioredis' own connectors listen for one error of a socket, but a TLS socket that was refused
 * may have a second one, which must not go uncaught.
 */
export abstract class PlaceConnector extends AbstractConnector {
  protected dial(place: ServerAddress, tls: ConnectionOptions | undefined): Socket {
    const socket = tls ? connectTls({ ...place, ...tls }) : connect(place);
    this.stream = socket.on("error", (error) => {
      this.firstError = error;
    });
    return socket;
  }
}

/** Connects to one server. */
export function serverConnector(place: ServerAddress, tls: ConnectionOptions | undefined, farewell: number): Connector {
  return class extends PlaceConnector {
    constructor() {
      super(farewell);
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      return this.dial(place, tls);
    }
  };
}

/** Connects to the master that the sentinels name. */
export function sentinelConnector(options: SentinelConnectionOptions): Connector {
  return class extends SentinelConnector {
    constructor() {
      super(options);
    }

    override async connect(report: Report): Promise<Socket> {
      const socket = await super.connect(report);
      return socket.on("error", () => {});
    }
  };
}
