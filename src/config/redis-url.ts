/** Redis URLs: `redis://user:password@host:6379/0`, `rediss://` for TLS. */

import { isIPv6 } from "node:net";

export interface RedisUrl {
  /** True for `rediss://`. */
  tls: boolean;
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

/** The parts of the URL, or what a good one has that this one has not. The fault never repeats the URL. */
export function parseRedisUrl(url: string): RedisUrl | { fault: string } {
  if (!/^rediss?:\/\//.test(url)) return { fault: "a redis:// or rediss:// URL" };
  if (/[\s\p{Cc}]/u.test(url)) return { fault: "a URL without spaces or control characters" };
  if (!URL.canParse(url)) return { fault: PATTERN };
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!isHost(host) || port === "0") return { fault: PATTERN };
  if (search !== "" || hash !== "" || /[?#]$/.test(url)) return { fault: `no ? or # in the URL; ${ENCODE}` };
  if (!/^(?:\/\d{0,5})?$/.test(pathname)) {
    return { fault: "nothing but a database number after the host, as in redis://localhost:6379/0" };
  }
  const user = percentDecoded(username);
  const secret = percentDecoded(password);
  if (user === undefined || secret === undefined) return { fault: ENCODE };
  return {
    tls: protocol === "rediss:",
    host,
    port: port === "" ? DEFAULT_PORT : Number(port),
    db: Number(pathname.slice(1)),
    ...(user === "" ? {} : { username: user }),
    ...(secret === "" ? {} : { password: secret }),
  };
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
