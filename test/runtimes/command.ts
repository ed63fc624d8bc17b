import { execFile } from "node:child_process";

/** A program that did not end with 0: its last lines say why. */
export class CommandFailed extends Error {}

/** Runs a program and resolves to what it wrote to its standard output. Rejects with a CommandFailed. */
export function command(
  program: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...environment }, timeout: LIMIT_MS, maxBuffer: 64 * 1024 ** 2 };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (failure, stdout, stderr) => {
      if (!failure) return resolve(stdout);
      const told = `${stdout}\n${stderr}`.trim().split("\n").slice(-LINES).join("\n");
      reject(new CommandFailed(`${[program, ...args].join(" ")}: ${told === "" ? failure.message : told}`));
    });
  });
}

const LIMIT_MS = 5 * 60_000;
const LINES = 25;
