import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Endpoint } from "./ask.js";
import { removeFolder } from "./folder.js";
import { redisCli } from "./redis-binary.cjs";
import { answering, type ServerProcess } from "./server-process.js";

const run = promisify(execFile);
const CLI_OUTPUT_LIMIT = 64 * 1024 * 1024;
const ORDERLY_END_MS = 5_000;

/** One real server on 127.0.0.1. It dies with this process, however that ends. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Of the process that runs now or ran last: a restart changes it. */
  readonly pid: number;
  /** Where it runs and keeps its files. */
  readonly dir: string;
  /** Runs the real redis-cli against it; answers what that prints, without the last newline. An error reply is text, too. */
  cli(...args: string[]): Promise<string>;
  /** Sends a signal, and waits for the end of the process unless the signal is SIGSTOP or SIGCONT. Default: SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it with SIGTERM if it runs, then starts it again on the same port, in the same folder, and waits until it answers. */
  restart(): Promise<void>;
  /** Ends it and removes its temporary folder. More than once is fine. */
  stop(): Promise<void>;
}

/** What is needed to run a server again and again. */
export interface Service {
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly dir: string;
  /** Whether `dir` goes when the server stops. */
  readonly temporary: boolean;
  readonly cliArgs?: readonly string[];
  /** Starts the process; it need not answer yet. */
  run(): Promise<ServerProcess>;
  /** Called after the last process has ended. */
  release?(): Promise<void>;
}

/** Starts a service and resolves when it answers. A start that fails leaves nothing behind. */
export async function serve(service: Service): Promise<RedisServer> {
  const { endpoint, dir, url } = service;
  let current: ServerProcess | undefined;

  async function start(): Promise<void> {
    current = await service.run();
    await answering(current, endpoint);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    current?.signal(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await current?.exited;
  }

  async function endInOrder(): Promise<void> {
    await end("SIGCONT");
    const impatience = setTimeout(() => current?.signal("SIGKILL"), ORDERLY_END_MS);
    await end("SIGTERM");
    clearTimeout(impatience);
  }

  async function stop(): Promise<void> {
    await end("SIGKILL");
    await service.release?.();
    if (service.temporary) await removeFolder(dir);
  }

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    url,
    host: "127.0.0.1",
    port: endpoint.port,
    dir,
    get pid() {
      return current?.pid ?? 0;
    },
    async cli(...args) {
      const connection = ["-h", "127.0.0.1", "-p", `${endpoint.port}`, ...(service.cliArgs ?? [])];
      const { stdout } = await run(redisCli(), [...connection, ...args], { maxBuffer: CLI_OUTPUT_LIMIT });
      return stdout.replace(/\n$/, "");
    },
    kill: (signal = "SIGKILL") => end(signal),
    async restart() {
      await endInOrder();
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
