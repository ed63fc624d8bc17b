/**
 * The skeleton of a call: scripts with the same keys and arguments that run the same commands, written out, and nothing else. What it
 * costs is what the commands cost; the rest of a call is Lua of ours.
 */
import type { Redis } from "ioredis";

/** One run of a script, as the server saw it. */
export interface ScriptRun {
  /** What came after the hash: number of keys, keys, arguments. */
  readonly args: readonly string[];
  /** The commands that the script ran, in order. */
  readonly commands: readonly (readonly string[])[];
}

/** The scripts that the server runs until `watched` has settled. Nobody else may call scripts meanwhile. */
export async function scriptRuns(redis: Redis, watched: () => Promise<unknown>): Promise<ScriptRun[]> {
  const runs: { args: string[]; commands: string[][] }[] = [];
  const end = `end of ${Math.random()}`;
  const monitor = await redis.monitor();
  const ended = new Promise<void>((resolve) => {
    monitor.on("monitor", (_at: string, command: string[], source: string) => {
      if (source === "lua") runs.at(-1)?.commands.push(command);
      else if (/^evalsha/i.test(command[0] ?? "")) runs.push({ args: command.slice(2), commands: [] });
      else if (command.includes(end)) resolve();
    });
  });
  await watched();
  await redis.echo(end);
  await ended;
  monitor.disconnect();
  return runs;
}

/** What a slot of the client's remembers must stay: the skeleton has a memory of calls of its own. */
function aside(text: string): string {
  return text.replace(/(execution:call:)\S+/, "$1skeleton");
}

/** The script that runs these commands. */
export function skeletonOf({ commands }: ScriptRun): string {
  const calls = commands.map((command) => `redis.pcall(${command.map((part) => luaText(aside(part))).join(",")})`);
  return ["#!lua", ...calls, 'return {"x", "1:1"}'].join("\n");
}

/** A literal of any bytes. */
function luaText(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, "0")}`);
  return `"${bytes.join("")}"`;
}
