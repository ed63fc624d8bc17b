import { availableParallelism, cpus, loadavg, release } from "node:os";

/** Processes that wanted a core over the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}

/** Where the numbers come from. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown CPU",
    cores: availableParallelism(),
    system: `${process.platform} ${release()}`,
    node: process.version,
  };
}
