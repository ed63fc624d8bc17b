import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TOTALS = /^(\d+) passed, (\d+) failed$/;

/** How many tests passed and failed. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/** Runs the test files with the server of `folder` first on the PATH, and prints what they print. Without totals it failed. */
export async function runTests(suites: readonly string[], folder: string): Promise<Totals> {
  const child = spawn(process.execPath, ["--import", "tsx", "test/run.ts", ...suites], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [folder, process.env.PATH ?? ""].join(delimiter),
      // A server that was chosen for other tests would come before the PATH.
      REDISMS_SYSTEM_BINARY: join(folder, "redis-server"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => child.kill();
  process.once("exit", stop);
  let totals: Totals | undefined;
  createInterface(child.stdout).on("line", (line) => {
    const found = TOTALS.exec(line);
    if (found) totals = { passed: Number(found[1]), failed: Number(found[2]) };
    console.log(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  process.off("exit", stop);
  const { passed, failed } = totals ?? { passed: 0, failed: 0 };
  return { passed, failed: code === 0 && totals ? failed : Math.max(failed, 1) };
}
