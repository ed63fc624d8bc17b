/** Where a script was stopped by an error, and whether it may have written before. */
import type { Script } from "./scripts.js";

export interface ScriptStop {
  /** The step that was interrupted, in words for people. */
  readonly at: string;
  /** The command in that line, in lower case; undefined if the line has none. */
  readonly command: string | undefined;
  /** Whether the script had begun to write; unknown for shared functions, which are used before and after. */
  readonly writing: "no" | "yes" | "unknown";
}

/** In the errors of every server: `on @user_script:59.`, `@user_script: 59:` or `user_script:59:`. */
const LINE = /user_script: ?(\d+)/;

/** Commands that change nothing. */
const READING =
  /^(?:H(?:GET|GETALL|MGET|EXISTS|KEYS|VALS|LEN)|Z(?:SCORE|CARD|COUNT|RANGE\w*)|X(?:LEN|RANGE|REVRANGE|INFO)|GET|EXISTS|TIME)$/;

/** Undefined if the error does not come from inside a script. */
export function scriptStop({ name, source }: Script, message: string): ScriptStop | undefined {
  const line = Number(LINE.exec(message)?.[1] ?? 0);
  const lines = source.split("\n");
  const text = lines[line - 1];
  if (text === undefined) return undefined;
  const called = /\bredis\.p?call\("([A-Z]+)"/.exec(text)?.[1];
  const command = called?.toLowerCase();
  const at = command === undefined ? `line ${line} of ${name}` : `${command} in line ${line} of ${name}`;
  const writing = writingAt(lines, line - 1);
  const mayWrite = writing === "no" && called !== undefined && !READING.test(called);
  return { at, command, writing: mayWrite ? "unknown" : writing };
}

/** Lines outside of functions run before `run`; inside `run`, nothing is written before its step "Write". */
function writingAt(lines: readonly string[], at: number): ScriptStop["writing"] {
  let begins = at;
  while (begins >= 0 && !/^(?:local )?function /.test(lines[begins] ?? "")) {
    if (begins < at && lines[begins] === "end") return "no";
    begins--;
  }
  const head = lines[begins] ?? "";
  if (head === "" || head.startsWith("local function expect_")) return "no";
  if (!head.startsWith("local function run(")) return "unknown";
  return lines.slice(begins, at).some((line) => /^\s*-- Write\b/.test(line)) ? "yes" : "no";
}
