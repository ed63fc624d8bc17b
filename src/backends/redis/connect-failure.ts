/** Why there is no connection, in words. */

/** How far a connection got. */
export interface Progress {
  /** It asks for TLS. */
  readonly tls: boolean;
  /** The address comes from sentinels or members of a cluster: if nobody listens there, another address may follow soon. */
  readonly sought: boolean;
  /** The server, or a proxy before it, accepted the connection. */
  readonly accepted: boolean;
  /** TLS is set up, if it was asked for: the greeting was sent. */
  readonly greeted: boolean;
  /** The server has sent something. */
  readonly answered: boolean;
}

/** Something that keeps a connection from being made. */
export class ConnectFailure extends Error {
  /** Trying again does not help: somebody has to do something first. */
  readonly hopeless: boolean;
  /** No server is at that address yet; one may come. */
  readonly absent: boolean;

  constructor(message: string, hopeless = false, absent = false) {
    super(message);
    this.hopeless = hopeless;
    this.absent = absent;
  }
}

const REFUSED = "it refused the user or password";
const PLAIN = "it does not speak TLS: use redis:// (valkey://) without redis.tls, or the server's TLS port";
export const REPLICA = "it is a replica, which takes no changes: connect to its master, or through sentinels";
const STRANGE = "what answers there is no Redis server: look at host and port";

/** The meaning of an error, found by its text, and whether trying again is useless. */
const MEANINGS: readonly (readonly [RegExp, string, boolean])[] = [
  [/max number of clients/i, "it accepts no more clients: close some, or raise its maxclients", false],
  [/\b(?:NOAUTH|WRONGPASS)\b|AUTH <password>|invalid (?:username|password)/i, REFUSED, true],
  [/^DENIED|protected mode/, "it takes connections from its own machine only (protected mode)", true],
  [/certificate/i, "its certificate is not accepted", true],
  [/wrong version number|packet length too long|unknown protocol|http request/i, PLAIN, true],
  [/Unknown RESP type (?:72|60) /, "what answers there is a web server (HTTP): look at host and port", true],
  [/Unknown RESP type /, STRANGE, true],
  [/\bNOPERM\b/, "a right is missing", true],
  [/^READONLY/, REPLICA, false],
  [/ECONNREFUSED/, "nobody listens there", false],
  [/ENOENT/, "there is no such socket file", false],
  [/EACCES/, "this process may not use the socket file", true],
  [/ENOTFOUND|EAI_AGAIN/, "the host's name is not known", false],
  [/EHOSTUNREACH|ENETUNREACH/, "there is no way to its network", false],
];

/** Whether an error says that there is no server at an address. */
export function isAbsence(text: string): boolean {
  return /ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN/.test(text);
}

/** The summary error after all sentinels or members were asked for the address. */
const ALL_ASKED = /^(?:All sentinels are unreachable|no member of the cluster names a master)/;

/** What an error of a connection means. */
export function inWords(error: Error, progress: Progress): ConnectFailure {
  if (error instanceof ConnectFailure) return error;
  const text = error.message || ("code" in error ? String(error.code) : error.name);
  for (const [sign, meaning, hopeless] of MEANINGS) {
    if (!sign.test(text)) continue;
    const absent = isAbsence(text) && (!progress.sought || ALL_ASKED.test(text));
    return new ConnectFailure(`${meaning}: ${firstLine(text)}`, hopeless, absent);
  }
  if (/^(?:connect ETIMEDOUT|Command timed out|Socket timeout)/.test(text) && !progress.answered)
    return new ConnectFailure(`${silence(progress)}: ${text}`);
  return new ConnectFailure(text);
}

/** What it means that the other side ended a connection at this point. */
export function ended(progress: Progress): ConnectFailure {
  if (progress.answered) return new ConnectFailure("the connection was lost");
  if (!progress.accepted) return new ConnectFailure("the connection was not accepted");
  if (!progress.greeted) {
    return new ConnectFailure(
      "it ended the connection before TLS was agreed on: does that port speak TLS? If not, use redis:// (valkey://)",
    );
  }
  return new ConnectFailure(
    progress.tls
      ? "it ended the connection before it answered: a server at its maxclients does so over TLS, and a proxy without a server behind it"
      : "it ended the connection before it answered: a port for TLS does so (use rediss://), and a proxy without a server behind it",
  );
}

function silence({ tls, accepted, greeted }: Progress): string {
  if (!accepted) return "nothing answers at that address";
  if (tls && !greeted) return "it accepts the connection, but does not answer in TLS: does that port speak TLS?";
  return "it accepts the connection, but does not answer";
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n", 1);
  return line.replace(". Please report this.", "").replace(/^\w+:error:\w+:[^:]*:[^:]*:([^:]*).*/, "$1");
}
