/** What a Redis user may not do, as servers tell it: in words, and with the rule that allows it. */
import { scriptStop } from "./script-stop.js";
import type { Script } from "./scripts.js";

/** Whose rights are asked for, and on what. */
export interface Holder {
  readonly user: string;
  /** Patterns of the keys that are worked on, such as `sf:bot:*`. */
  readonly keys: readonly string[];
  /** The right to read them is enough. */
  readonly readsOnly?: boolean;
}

/** How servers refuse a command inside a script: Redis 7.0; Redis 8 and Valkey. */
const INSIDE =
  /user executing the script can't|ACL failure in script|Unknown (?:Redis|Valkey|Server)? ?command called from script/i;
const COMMAND = /no permissions to run the '([^']+)' command/;
const KEYS = /no permissions to access (?:a key|one of the keys)|can't access at least one of the keys/i;

/** Whether a command was refused while a script ran: the user may not run it, or the server does not know it. */
export function isDeniedInside(reply: string): boolean {
  return INSIDE.test(reply);
}

/** What was refused: a command by its name, "keys", or undefined where the reply does not say. */
export function deniedPart(reply: string): { readonly command: string } | "keys" | undefined {
  const command = COMMAND.exec(reply)?.[1];
  if (command !== undefined) return { command };
  return KEYS.test(reply) ? "keys" : undefined;
}

/** What is missing, what allows it, and the server's words. `script`: where it ran, if it was refused inside one. */
export function deniedText(reply: string, { user, keys, readsOnly = false }: Holder, script?: Script): string {
  const who = `the Redis user ${user}`;
  const use = readsOnly ? "read" : "read and write";
  const rules = readsOnly ? keys.map((pattern) => `%R~${pattern}`) : keyRules(keys);
  const part = deniedPart(reply) ?? commandIn(reply, script);
  if (part === "keys") return `${who} may not ${use} ${keys.join(", ")}: ${grant(user, rules)} (${reply})`;
  if (part) return `${who} may not run ${part.command}: ${grant(user, [commandRule(part.command)])} (${reply})`;
  return `${who} may not do this: ${reply}`;
}

/** The rule that allows a command of our scripts, or of the client. */
export function commandRule(command: string): string {
  return `+${(/^xinfo$/i.test(command) ? "xinfo|stream" : command).toLowerCase().replace(" ", "|")}`;
}

/** The line that adds rules to what a user has. */
export function grant(user: string, rules: readonly string[]): string {
  return `ACL SETUSER ${user} ${rules.join(" ")}`;
}

/** The rules that allow keys. */
export function keyRules(patterns: readonly string[]): string[] {
  return patterns.map((pattern) => `~${pattern}`);
}

/** Redis 7.0 does not say which command of the script it was: its line does. */
function commandIn(reply: string, script: Script | undefined): { readonly command: string } | undefined {
  const command = script && isDeniedInside(reply) ? scriptStop(script, reply)?.command : undefined;
  return command === undefined ? undefined : { command };
}
