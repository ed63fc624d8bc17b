/**
 * A shell process that outlives this one however it ends, SIGKILL included: it reads what it is told on a pipe, and when the
 * pipe closes it kills the servers and removes the folders that are left.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";

const SCRIPT = `
trap '' INT TERM HUP
pids=
while read -r verb what; do
  case $verb in
    kill) pids="$pids $what" ;;
    spare) rest=; for pid in $pids; do [ "$pid" = "$what" ] || rest="$rest $pid"; done; pids=$rest ;;
    remove) set -- "$@" "$what" ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids
[ $# -eq 0 ] || rm -rf -- "$@"
`;

let guardian: ChildProcess | undefined;

/** Has `child` killed as soon as this process is gone, unless it ended before. */
export function guardProcess(child: ChildProcess): void {
  tell("kill", child.pid);
  child.once("exit", () => tell("spare", child.pid));
}

/** Has a temporary folder removed as soon as this process is gone. */
export function guardFolder(folder: string): void {
  tell("remove", folder);
}

function tell(verb: "kill" | "spare" | "remove", what: string | number | undefined): void {
  guardian ??= start();
  guardian.stdin?.write(`${verb} ${what}\n`);
}

function start(): ChildProcess {
  const child = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.unref();
  child.stdin.on("error", () => {});
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}
