import type { KillPoint } from "../../sync/demo/kill-point.js";

const IDLE: readonly KillPoint[] = ["walking", "walked", "admitting", "minute_over"];

/** The points that come with trades and recoveries; the others come with the passing of time, and with signals that are refused. */
export function isStep(point: KillPoint): boolean {
  return !IDLE.includes(point);
}

/**
 * For tests only. SF_DEMO_KILL=admitted:3 has the process end itself by SIGKILL when it passes that point for the third time;
 * SF_DEMO_KILL=bot-2@admitted:3 means only that bot of a fleet, and SF_DEMO_KILL=minute_over:500:SIGINT is a Ctrl-C at that point.
 */
export function killSwitch(instance: string, order = process.env.SF_DEMO_KILL): (point: KillPoint) => void {
  const [, who, where, count, interrupt] = /^(?:([\w-]+)@)?(\w+):(\d+)(:SIGINT)?$/.exec(order ?? "") ?? [];
  if (where === undefined || (who !== undefined && who !== instance)) return () => {};
  let left = Number(count);
  return (point) => {
    if (point === where && --left === 0) process.kill(process.pid, interrupt ? "SIGINT" : "SIGKILL");
  };
}
