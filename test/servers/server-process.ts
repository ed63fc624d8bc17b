import { type ChildProcess, spawn } from "node:child_process";
import { ask, type Endpoint } from "./ask.js";
import { guardProcess } from "./guardian.js";
import { PortTakenError } from "./ports.js";
import { redisBinary } from "./redis-binary.cjs";
import { HopelessError, until } from "./until.js";

const KEPT_OUTPUT = 8_192;

/** A running redis-server (or sentinel) that dies with this process. */
export interface ServerProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Settles when the process has ended. */
  readonly exited: Promise<void>;
  /** The end of what it printed. */
  readonly output: string;
  signal(signal: NodeJS.Signals): void;
}

/** Runs the server binary with these arguments in `dir`. It may not listen yet: `answering` waits for that. */
export function launch(args: readonly string[], dir: string): ServerProcess {
  return adopt(spawn(redisBinary(), args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Takes charge of a server that was just spawned. */
export function adopt(child: ChildProcess): ServerProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot run ${child.spawnfile}`);
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.on("error", () => {});
  guardProcess(child);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    exited: new Promise((resolve) => {
      if (ended()) resolve();
      else child.once("exit", () => resolve());
    }),
    get running() {
      return !ended();
    },
    get output() {
      return output;
    },
    signal(signal) {
      if (!ended()) child.kill(signal);
    },
  };
}

/**
 * Resolves when the server answers PING, loading done; an answer that asks for a password is one. Rejects when the process
 * ends before: with a `PortTakenError` if that was the reason, otherwise with what it printed.
 */
export async function answering(server: ServerProcess, endpoint: Endpoint): Promise<void> {
  await until(`port ${endpoint.port} answers PING`, async () => {
    if (!server.running) throw new HopelessError(await lastWords(server, endpoint.port));
    const answer = await ask(endpoint, "PING").catch((error: Error) => error.message);
    return /^(PONG|NOAUTH|NOPERM)/.test(answer);
  }).catch((error: unknown) => {
    throw /already in use/.test(server.output) && !server.running ? new PortTakenError(endpoint.port) : error;
  });
}

async function lastWords(server: ServerProcess, port: number): Promise<string> {
  await server.exited;
  return `the server for port ${port} ended at once:\n${server.output.trim()}`;
}
