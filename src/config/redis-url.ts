/**
 * Redis URLs: `redis://user:password@host:6379/0`, `rediss://` for TLS; `valkey://` and `valkeys://` are the same.
 * `unix://user:password@/path/to/redis.sock?db=0` is a socket file of this machine.
 */

import { isIPv6 } from "node:net";

export interface RedisUrl {
  /** True for `rediss://` and `valkeys://`. */
  tls: boolean;
  /** The socket file of `unix://`, which has no host and no port. */
  path?: string;
  /** A name or an address, IPv6 without brackets. */
  host: string;
  port: number;
  /** The database number; 0 when the URL names none. */
  db: number;
  /** Percent-decoded; absent when the URL has none. */
  username?: string;
  password?: string;
}

const DEFAULT_PORT = 6379;

/** The longest path of a socket file, in bytes: the system cuts a longer one without an error. */
const LONGEST_PATH = 107;

/** The parts of the URL, or what this URL lacks. The fault never quotes the URL. */
export function parseRedisUrl(url: string): RedisUrl | { fault: string } {
  if (!/^(?:rediss?|valkeys?|unix):\/\//.test(url)) return { fault: "a redis:// or rediss:// URL" };
  if (/[\s\p{Cc}]/u.test(url)) return { fault: "a URL without spaces or control characters" };
  if (url.startsWith("unix:")) return parseUnixUrl(url);
  if (!URL.canParse(url)) return { fault: PATTERN };
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!isHost(host) || port === "0") return { fault: PATTERN };
  if (search !== "" || hash !== "" || /[?#]$/.test(url)) return { fault: `no ? or # in the URL; ${ENCODE}` };
  if (!/^(?:\/\d{0,5})?$/.test(pathname)) {
    return { fault: "nothing but a database number after the host, as in redis://localhost:6379/0" };
  }
  const login = loginIn(username, password);
  if (!login) return { fault: ENCODE };
  return {
    tls: protocol === "rediss:" || protocol === "valkeys:",
    host,
    port: port === "" ? DEFAULT_PORT : Number(port),
    db: Number(pathname.slice(1)),
    ...login,
  };
}

function parseUnixUrl(url: string): RedisUrl | { fault: string } {
  const [, username = "", password = "", encoded = "", db = "0"] =
    /^unix:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\/[^?#]*)(?:\?db=(\d{1,5}))?$/.exec(url) ?? [];
  const path = percentDecoded(encoded);
  const login = loginIn(username, password);
  if (!path || path.endsWith("/")) return { fault: `a socket file like unix:///run/redis/redis.sock?db=0, ${ENCODE}` };
  if (!login) return { fault: ENCODE };
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH)
    return { fault: `the path of a socket file of at most ${LONGEST_PATH} bytes, not ${length}` };
  return { tls: false, path, host: "", port: 0, db: Number(db), ...login };
}

function loginIn(username: string, password: string): Pick<RedisUrl, "username" | "password"> | undefined {
  const user = percentDecoded(username);
  const secret = percentDecoded(password);
  if (user === undefined || secret === undefined) return undefined;
  return { ...(user === "" ? {} : { username: user }), ...(secret === "" ? {} : { password: secret }) };
}

/** True for a host name, an IPv4 or an IPv6 address; false when a port or anything else comes with it. */
export function isHost(text: string): boolean {
  return (/^[\w.-]{1,253}$/.test(text) && /\w/.test(text)) || isIPv6(text);
}

const ENCODE = "user and password percent-encoded (or in redis.username and redis.password)";
const PATTERN = `a URL like redis://localhost:6379/0, ${ENCODE}`;

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
