import { roughSpan } from "../../words/in-words.js";

/** Words that the server holds nothing at all, and what to do then; undefined if it holds something or does not say. `info`: the text of INFO. */
export function emptyServer(info: string): string | undefined {
  if (!/^# Keyspace/m.test(info) || /^db\d+:keys=[1-9]/m.test(info)) return undefined;
  const uptime = /^uptime_in_seconds:(\d+)/m.exec(info)?.[1];
  const since =
    uptime === undefined ? "" : ` since ${roughSpan(Number(uptime) * 1000)} (its start), unless it was flushed later`;
  return `the server is empty${since}: restore a backup with sf-state restore, or let the bots begin anew`;
}
