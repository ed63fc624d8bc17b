import { isHeldHere } from "../../backends/duckdb/holder-socket.js";
import { duckdbPath } from "../../config/flow-id.js";
import type { StateManager } from "../../manager/state-manager.js";
import type { StateEvent } from "../../types.js";
import { printableJson } from "../../words/printable.js";
import { counting } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { eventLine } from "../event-line.js";
import { UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";

const PAGE = 1000;
const SHOWN = 50;

export const addEvents: AddCommand = (program, run) => {
  program
    .command("events")
    .description("Show the newest changes of a flow, oldest first; or those after an event.")
    .option("--after <id>", "begin after this event")
    .option("--limit <n>", `how many at most [${SHOWN}, or, with --after, all]`, counting)
    .option("--follow", "go on with every change of every process, until Ctrl-C; with --json one event a line")
    .addHelpText("after", "\nExample:\n  $ sf-state events --follow --flow bot --url redis://localhost:6379")
    .action(({ after, limit, follow }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (follow && after !== undefined && limit !== undefined) {
          throw new UsageError("with --follow and --after every event is shown: leave out --limit");
        }
        await using manager = await invocation.open();
        if (follow) {
          const { backend, duckdb } = manager.config;
          if (backend === "duckdb" && (await isHeldHere(duckdbPath(duckdb.path, manager.flowId)))) {
            throw new UsageError(
              "no bot has the file open, and so nobody changes it: leave out --follow, or start the bot",
            );
          }
          await followEvents(invocation, manager, after, limit ?? SHOWN);
          return;
        }
        const events =
          after === undefined
            ? await newest(manager, limit ?? SHOWN)
            : await next(manager, after, limit ?? Number.POSITIVE_INFINITY);
        invocation.print(events, () =>
          events.map((event) => `${eventLine(invocation.terminal.colours, event)}\n`).join(""),
        );
      }),
    );
};

async function followEvents(
  invocation: Invocation,
  manager: StateManager,
  after: string | undefined,
  limit: number,
): Promise<void> {
  const { terminal, json } = invocation;
  const signal = terminal.interrupted();
  const tell = (event: StateEvent) =>
    terminal.out(json ? `${printableJson(JSON.stringify(event))}\n` : `${eventLine(terminal.colours, event)}\n`);
  let last = after;
  if (last === undefined) {
    const shown = await newest(manager, limit);
    shown.forEach(tell);
    last = shown.at(-1)?.id ?? "0-0";
  }
  for await (const event of manager.watch({ after: last, signal })) tell(event);
}

/** The newest events. The log is read from its beginning: its length is limited by the bots. */
export async function newest(manager: StateManager, limit: number): Promise<StateEvent[]> {
  let kept: StateEvent[] = [];
  for (let after: string | undefined; ; ) {
    const page = await manager.getEvents({ limit: PAGE, ...(after !== undefined && { after }) });
    kept = [...kept, ...page.filter(({ type }) => type !== "history_trimmed")].slice(-limit);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return kept;
    after = last.id;
  }
}

/** The events after a given one, at most `limit`. */
async function next(manager: StateManager, after: string, limit: number): Promise<StateEvent[]> {
  const events: StateEvent[] = [];
  for (let from = after; events.length < limit; ) {
    const page = await manager.getEvents({ after: from, limit: Math.min(PAGE, limit - events.length) });
    const last = page.at(-1);
    if (!last || last.id === from) return [...events, ...page];
    events.push(...page);
    from = last.id;
  }
  return events;
}
