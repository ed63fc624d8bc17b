import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundle } from "../bundle.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = await bundle(new URL("../../sync/sf-state.ts", import.meta.url));

/** How to start the real command: a program and its first words. */
export const COMMAND = [process.execPath, PROGRAM] as const;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a person: no colours forced, no variables of npm's. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR, NO_COLOR, REDISCLI_AUTH, ...rest } = process.env;
  return { ...rest, ...more };
}

/** Runs the command without a terminal, to its end. */
export async function sfState(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = ROOT): Promise<Ended> {
  const [program, ...words] = COMMAND;
  const child = spawn(program, [...words, ...args], {
    cwd,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, ...said };
}
