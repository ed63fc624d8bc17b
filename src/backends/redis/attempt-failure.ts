import {
  ConfigError,
  ConnectionError,
  CorruptStateError,
  FencedError,
  HalfDoneError,
  InvalidArgumentError,
  LockedError,
  SchemaVersionError,
  type StateError,
  StateLostError,
} from "../../errors.js";
import { REPLICA } from "./connect-failure.js";
import { deniedText, type Holder, isDeniedInside } from "./denied.js";
import { scriptStop } from "./script-stop.js";
import type { Script } from "./scripts.js";

/** What an error says about an attempt. */
export type AttemptFailure =
  /** It did not happen, and trying again soon may help. */
  | { readonly kind: "wait"; readonly why: string }
  /** The server does not know the script; it did not happen. */
  | { readonly kind: "unknown_script" }
  /** It was sent and its answer is lost: it may have happened. */
  | { readonly kind: "lost"; readonly why: string }
  /** It happened, but fewer replicas have it than required. */
  | { readonly kind: "unconfirmed"; readonly why: string }
  /**
   * It did not happen: the state does not know an answer that the caller has, and refused the change. `knowsNone`: the answer's slot holds nothing at all,
   * not even an older answer.
   */
  | { readonly kind: "went_back"; readonly knowsNone: boolean; readonly why: string }
  /**
   * It was refused. `decided`: the script itself refused, after it had looked for an answer to an earlier copy of the call; it would refuse a later copy,
   * too.
   */
  | { readonly kind: "refused"; readonly decided: boolean; readonly error: StateError };

export const NOT_CONNECTED = "not connected";

/** Replies of a server that cannot execute the call now, and did not. */
const PASSING = new Set(["LOADING", "BUSY", "TRYAGAIN", "ASK", "NOREPLICAS", "UNBLOCKED"]);

/** Replies of a server that is not, or no longer, the right one. */
const ELSEWHERE = new Set(["READONLY", "MASTERDOWN", "MOVED", "CLUSTERDOWN"]);

/** The reply of a script's count command if the stored value is no count. */
const NO_COUNT = /^ERR (?:hash value is not an integer|increment or decrement would overflow)/;

/** Only a script that has not written anything can be ended like this. */
const KILLED = /Script killed by user/;

/** Whether another connection is needed to get an answer. */
export function isElsewhere(error: Error): boolean {
  return ELSEWHERE.has(codeOf(error.message));
}

/** The script that was sent. */
export interface Called {
  readonly script: Script;
  /** The script may have written before it stopped. */
  readonly changes: boolean;
}

/** `holder`: whose rights the message names if some are missing. */
export function judge(error: unknown, holder: Holder, called?: Called): AttemptFailure {
  if (!(error instanceof Error)) return { kind: "lost", why: String(error) };
  const { message, name } = error;
  if (name === "ReplyError") return judgeReply(message, holder, called);
  if (message.includes("enableOfflineQueue options is false")) {
    return { kind: "wait", why: NOT_CONNECTED };
  }
  return { kind: "lost", why: name === "MaxRetriesPerRequestError" ? "the connection was lost" : message };
}

function judgeReply(message: string, holder: Holder, called: Called | undefined): AttemptFailure {
  const code = codeOf(message);
  if (code === "NOSCRIPT") return { kind: "unknown_script" };
  if (code === "SFSTALECALL") return { kind: "lost", why: message };
  if (code === "SFWENTBACK") {
    return { kind: "went_back", knowsNone: message.endsWith(" none"), why: message.slice(code.length + 1) };
  }
  if (PASSING.has(code) || ELSEWHERE.has(code)) return { kind: "wait", why: withMeaning(code, message) };
  const half = called?.changes && halfDone(called.script, code, message, holder);
  if (half) return { kind: "refused", decided: true, error: half };
  return { kind: "refused", decided: code.startsWith("SF"), error: refusal(code, message, holder, called?.script) };
}

/** A refusal or fault after the script may have begun to write. Keys of a wrong type and a lack of memory are found before that. */
function halfDone(script: Script, code: string, message: string, holder: Holder): HalfDoneError | undefined {
  if (code.startsWith("SF") || code === "WRONGTYPE" || code === "OOM" || KILLED.test(message)) return undefined;
  const stop = scriptStop(script, message);
  if (!stop || stop.writing === "no" || (stop.writing === "unknown" && !isDeniedInside(message))) return undefined;
  const why = isDeniedInside(message) ? deniedText(message, holder, script) : message;
  return new HalfDoneError(
    `${script.name} stopped half way at ${stop.at}: what it wrote before that stays. Run sf-state doctor, correct what it names, and connect again; until then no change is sent. ${why}`,
  );
}

function withMeaning(code: string, message: string): string {
  if (code === "READONLY") return `${REPLICA}: ${message}`;
  if (code === "ASK" || code === "TRYAGAIN") return `the flow's slot is being moved to another master: ${message}`;
  return message;
}

function codeOf(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? "";
}

/** ioredis' own error is not kept as the cause: it adds only the request, which may be long or secret. */
function refusal(code: string, message: string, holder: Holder, script: Script | undefined): StateError {
  const text = message.slice(code.length + 1);
  switch (code) {
    case "SFSTATELOST":
      // For an error that a shared function raised, the server adds where in the script.
      return new StateLostError(`${text.replace(/ script: \w+, on .*$/, "")}. Close, connect again, then run recover.`);
    case "SFFENCED":
      return new FencedError(text);
    case "SFSCHEMA":
      return new SchemaVersionError(text);
    case "SFIMPORT":
      return new LockedError(text);
    case "SFACCOUNT":
      return new ConfigError(text);
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
      return new ConnectionError(deniedText(message, holder));
    case "CROSSSLOT":
      return new ConnectionError(
        `this server is a node of a cluster: redis.cluster: true keeps a flow in one slot: ${message}`,
      );
    case "MISCONF":
      return new ConnectionError(`Redis refuses changes because it cannot save: ${message}`);
    default:
      if (KILLED.test(message)) {
        return new ConnectionError(`somebody ended the script (SCRIPT KILL) before it wrote anything: ${message}`);
      }
      if (isDeniedInside(message)) return new ConnectionError(deniedText(message, holder, script));
      return message.includes("script:") || message.includes("user_script") || NO_COUNT.test(message)
        ? new CorruptStateError(`what is stored could not be understood; nothing was changed. ${message}`)
        : new ConnectionError(`Redis refused: ${message}`);
  }
}
