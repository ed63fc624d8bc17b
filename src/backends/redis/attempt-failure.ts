import {
  ConnectionError,
  CorruptStateError,
  FencedError,
  InvalidArgumentError,
  LockedError,
  SchemaVersionError,
  type StateError,
  StateLostError,
} from "../../errors.js";

/** What an error of an attempt says about the attempt. */
export type AttemptFailure =
  /** It did not happen, and trying again soon may help. */
  | { readonly kind: "wait"; readonly why: string }
  /** The server does not know the script; it did not happen. */
  | { readonly kind: "unknown_script" }
  /** It was sent and its answer is lost: it may have happened. */
  | { readonly kind: "lost"; readonly why: string }
  /**
   * It was refused by a state that does not know an answer that the caller has, and did not happen. `knowsNone`: nothing is remembered where the answer
   * was, not even an older one.
   */
  | { readonly kind: "went_back"; readonly knowsNone: boolean; readonly why: string }
  /** It was refused. `decided`: by the script, which first looked for an answer to an earlier copy of the call, and would refuse a later one. */
  | { readonly kind: "refused"; readonly decided: boolean; readonly error: StateError };

/** Replies of a server that cannot execute now, and did not. */
const PASSING = new Set(["LOADING", "BUSY", "TRYAGAIN", "ASK", "NOREPLICAS", "UNBLOCKED"]);

/** Replies of a server that is not, or no longer, the one to ask. */
const ELSEWHERE = new Set(["READONLY", "MASTERDOWN", "MOVED", "CLUSTERDOWN"]);

/** What a script that counts answers where a stored count is none. */
const NO_COUNT = /^ERR (?:hash value is not an integer|increment or decrement would overflow)/;

/** Whether it takes another connection to get an answer. */
export function isElsewhere(error: Error): boolean {
  return ELSEWHERE.has(codeOf(error.message));
}

export function judge(error: unknown): AttemptFailure {
  if (!(error instanceof Error)) return { kind: "lost", why: String(error) };
  const { message, name } = error;
  if (name === "ReplyError") return judgeReply(message);
  if (message.includes("enableOfflineQueue options is false")) {
    return { kind: "wait", why: "not connected" };
  }
  return { kind: "lost", why: name === "MaxRetriesPerRequestError" ? "the connection was lost" : message };
}

function judgeReply(message: string): AttemptFailure {
  const code = codeOf(message);
  if (code === "NOSCRIPT") return { kind: "unknown_script" };
  if (code === "SFSTALECALL") return { kind: "lost", why: message };
  if (code === "SFWENTBACK") {
    return { kind: "went_back", knowsNone: message.endsWith(" none"), why: message.slice(code.length + 1) };
  }
  if (PASSING.has(code) || ELSEWHERE.has(code)) return { kind: "wait", why: message };
  return { kind: "refused", decided: code.startsWith("SF"), error: refusal(code, message) };
}

function codeOf(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? "";
}

/** ioredis' own error is not made the cause: all it adds is the request, which may be long, and may be a secret. */
function refusal(code: string, message: string): StateError {
  const text = message.slice(code.length + 1);
  switch (code) {
    case "SFSTATELOST":
      return new StateLostError(`${text}. Close and connect again to work on what is there now.`);
    case "SFFENCED":
      return new FencedError(text);
    case "SFSCHEMA":
      return new SchemaVersionError(text);
    case "SFIMPORT":
      return new LockedError(text);
    case "SFINVALID":
      return new InvalidArgumentError(text);
    case "WRONGTYPE":
      return new CorruptStateError(`a key of this flow holds another type; nothing was changed. ${message}`);
    case "OOM":
      return new ConnectionError(`Redis is at its maxmemory and refused the change: ${message}`);
    case "NOAUTH":
    case "WRONGPASS":
      return new ConnectionError(`Redis refused the user or password: ${message}`);
    case "NOPERM":
      return new ConnectionError(`the Redis user may not do this: ${message}`);
    case "MISCONF":
      return new ConnectionError(`Redis refuses changes because it cannot save: ${message}`);
    default:
      if (message.includes("user executing the script can't")) {
        return new ConnectionError(`the Redis user may not do this: ${message}`);
      }
      return message.includes("script:") || message.includes("user_script") || NO_COUNT.test(message)
        ? new CorruptStateError(`what is stored could not be understood; nothing was changed. ${message}`)
        : new ConnectionError(`Redis refused: ${message}`);
  }
}
