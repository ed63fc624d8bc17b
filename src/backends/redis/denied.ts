/** What a Redis user may not do, read from the server's reply: in words, and with the rule that allows it. */
import { scriptStop } from "./script-stop.js";
import type { Script } from "./scripts.js";

/** Whose rights are needed, and for which keys. */
export interface Holder {
  readonly user: string;
  /** Patterns of the keys, such as `sf:bot:*`. */
  readonly keys: readonly string[];
  /** The right to read the keys is enough. */
  readonly readsOnly?: boolean;
}

/** Words by which servers refuse a command inside a script: Redis 7.0; Redis 8 and Valkey. */
const INSIDE =
  /user executing the script can't|ACL failure in script|Unknown (?:Redis|Valkey|Server)? ?command called from script/i;
const COMMAND = /no permissions to run the '([^']+)' command/;
const KEYS = /no permissions to access (?:a key|one of the keys)|can't access at least one of the keys/i;

/** Whether a command was refused while a script ran: the user may not run it, or the server does not know it. */
export function isDeniedInside(reply: string): boolean {
  return INSIDE.test(reply);
}

/** What was refused: a command by its name, "keys", or undefined if the reply does not say. */
export function deniedPart(reply: string): { readonly command: string } | "keys" | undefined {
  const command = COMMAND.exec(reply)?.[1];
  if (command !== undefined) return { command };
  return KEYS.test(reply) ? "keys" : undefined;
}

/** Says what is missing, what allows it, and the server's own words. `script`: the script that was refused, if it was inside one. */
export function deniedText(reply: string, { user, keys, readsOnly = false }: Holder, script?: Script): string {
  const who = `the Redis user ${user}`;
  const use = readsOnly ? "read" : "read and write";
  const rules = readsOnly ? keys.map((pattern) => `%R~${pattern}`) : keyRules(keys);
  const part = deniedPart(reply) ?? commandIn(reply, script);
  if (part === "keys") return `${who} may not ${use} ${keys.join(", ")}: ${grant(user, rules)} (${reply})`;
  if (part) return `${who} may not run ${part.command}: ${grant(user, [commandRule(part.command)])} (${reply})`;
  return `${who} may not do this: ${reply}`;
}

/** The ACL rule that allows a command. */
export function commandRule(command: string): string {
  return `+${(/^xinfo$/i.test(command) ? "xinfo|stream" : command).toLowerCase().replace(" ", "|")}`;
}

/** The line that adds rules to a user. */
export function grant(user: string, rules: readonly string[]): string {
  return `ACL SETUSER ${user} ${rules.join(" ")}`;
}

/** The ACL rules that allow keys. */
export function keyRules(patterns: readonly string[]): string[] {
  return patterns.map((pattern) => `~${pattern}`);
}

/** Redis 7.0 does not name the refused command of a script: it is read from the script's line. */
function commandIn(reply: string, script: Script | undefined): { readonly command: string } | undefined {
  const command = script && isDeniedInside(reply) ? scriptStop(script, reply)?.command : undefined;
  return command === undefined ? undefined : { command };
}
