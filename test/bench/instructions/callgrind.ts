/** A Redis whose instructions are counted: redis-server under valgrind's callgrind. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeFolder, removeFolder } from "../../servers/folder.js";
import { onFreePort } from "../../servers/ports.js";
import { redisBinary } from "../../servers/redis-binary.cjs";
import { adopt, answering, type ServerProcess } from "../../servers/server-process.js";

const run = promisify(execFile);

const TOOLS = ["valgrind", "vgdb"];

/** Timers of the server cost instructions too: once a second is as seldom as Redis allows. */
const QUIET = ["--save", "", "--appendonly", "no", "--hz", "1", "--bind", "127.0.0.1"];

export interface CountedRedis extends AsyncDisposable {
  readonly port: number;
  /** The instructions that the server executes until `watched` has settled. */
  count(watched: () => Promise<unknown>): Promise<number>;
}

/** What counts instructions is not installed. */
export class MissingToolError extends Error {}

/** What must be installed before instructions can be counted; undefined when it is there. */
export function missingTool(): string | undefined {
  const missing = TOOLS.find((tool) => spawnSync(tool, ["--version"], { stdio: "ignore" }).error !== undefined);
  if (missing === undefined) return undefined;
  return `${missing} is not on the PATH: install valgrind (apt-get install valgrind, dnf install valgrind), which counts the instructions`;
}

export function startCounted(): Promise<CountedRedis> {
  return onFreePort(startOn);
}

async function startOn(port: number): Promise<CountedRedis> {
  const folder = await makeFolder();
  const out = join(folder, "counted");
  const pipes = `--vgdb-prefix=${join(folder, "vgdb-pipe")}`; // which valgrind would leave in the folder for temporary files when it is killed
  // Debian's Redis is started by a script, which becomes the server.
  const tool = ["--tool=callgrind", "--trace-children=yes", `--callgrind-out-file=${out}`, pipes];
  const args = [...tool, redisBinary(), "--port", String(port), ...QUIET];
  const server = adopt(
    spawn("valgrind", [...args, "--dir", folder], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }),
  );
  const stop = () => stopped(server, folder);
  try {
    await answering(server, { port });
  } catch (error) {
    await stop();
    throw error;
  }
  const tell = (command: string) => run("vgdb", [pipes, `--pid=${server.pid}`, command]);
  let dumps = 0;
  return {
    port,
    async count(watched) {
      await tell("zero");
      await watched();
      await tell("dump");
      return totalOf(await readFile(`${out}.${++dumps}`, "utf8"));
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function stopped(server: ServerProcess, folder: string): Promise<void> {
  server.signal("SIGKILL");
  await server.exited;
  await removeFolder(folder);
}

function totalOf(dump: string): number {
  const total = /^(?:summary|totals): (\d+)/m.exec(dump)?.[1];
  if (total === undefined) throw new Error("callgrind wrote a dump without a total: is this valgrind newer than 3.25?");
  return Number(total);
}
