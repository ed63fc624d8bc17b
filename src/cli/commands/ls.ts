import { setTimeout as pause } from "node:timers/promises";
import { aliveWords } from "../../doctor/liveness-words.js";
import { lifeOf } from "../../state/liveness.js";
import { isActive } from "../../wants/wants.js";
import { watchedOf } from "../../wants/watched.js";
import { ago, count, fraction, gain, span, time } from "../../words/in-words.js";
import { duration } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { EXIT, UsageError } from "../exit-code.js";
import { placeName } from "../flows.js";
import { isNarrow, WIDE_WORDS } from "../narrow.js";
import { FlowList, type Listing, type Row } from "../status/flow-list.js";
import { nowOf } from "../status/flow-status.js";
import { NARROW_COLUMNS, narrowCells } from "../status/narrow-row.js";
import { needScreen, repaint } from "../status/repaint.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

const TICK = 1000;

export const addLs: AddCommand = (program, run) => {
  program
    .command("ls")
    .description("List all flows in this Redis, or in a folder of DuckDB files. Ends with 1 when one needs a look.")
    .option("--watch", "repaint in place until Ctrl-C")
    .option("--wide", WIDE_WORDS)
    .option(
      "--max-age <duration>",
      "a flow is stale if its last heartbeat is older than this, or missing [recovery.max_state_age]",
      duration,
    )
    .addHelpText("after", "\nExample:\n  $ sf-state ls --duckdb state/ --max-age 2m")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (invocation.options.flow !== undefined) throw new UsageError("ls lists all flows: leave out --flow");
        if (options.watch) needScreen(invocation);
        const config = await invocation.config();
        const watched = watchedOf(config, options.maxAge);
        await using list = new FlowList(invocation, watched);
        if (options.watch) {
          await repaint(invocation, {
            text: async () => listText(invocation.terminal, placeName(config), await list.read(), options.wide),
            changed: (signal) => pause(TICK, undefined, { signal }).catch(() => {}),
          });
          return;
        }
        const { rows, failures } = await list.read();
        invocation.print(rows.map(jsonOf), () =>
          listText(invocation.terminal, placeName(config), { rows, failures: [] }, options.wide),
        );
        for (const failure of failures) invocation.problem(failure);
        if (rows.some((row) => "error" in row || row.alarms.length > 0)) invocation.exitCode = EXIT.problem;
      }),
    );
};

function jsonOf(row: Row): object {
  if ("error" in row) return row;
  const { snapshot, ...rest } = row.status;
  return { alarms: row.alarms, dead: row.liveness.dead.map(({ id }) => id), ...rest, ...snapshot };
}

function listText(terminal: Terminal, place: string, { rows, failures }: Listing, wide: true | undefined): string {
  const narrow = isNarrow(terminal, wide);
  const { bold, dim, red } = terminal.colours;
  const head = `${bold(count(rows.length, "flow"))}  ${dim(`${place}  ${time(new Date())} UTC`)}\n`;
  const body =
    rows.length === 0
      ? ""
      : table(
          terminal,
          narrow
            ? NARROW_COLUMNS
            : [
                { title: "flow" },
                { title: "breaker" },
                { title: "pnl today", align: "right" },
                { title: "trades", align: "right" },
                { title: "streak", align: "right" },
                { title: "drawdown", align: "right" },
                { title: "positions", align: "right" },
                { title: "orders", align: "right" },
                { title: "heartbeat", align: "right" },
                { title: "bots", align: "right" },
                { title: "lease" },
                { title: "note" },
              ],
          rows.map((row) => (narrow ? narrowCells(terminal, row) : cellsOf(terminal, row))),
        );
  const errors = rows.flatMap((row) => ("error" in row ? [`${row.flowId}: ${row.error}`] : []));
  return head + body + [...errors, ...failures].map((error) => `${red(error)}\n`).join("");
}

function cellsOf({ colours: { red, green, yellow } }: Terminal, row: Row): string[] {
  if ("error" in row) return [row.flowId, red("?"), ...Array.from({ length: 9 }, () => ""), red("cannot be read")];
  const { status, alarms, liveness } = row;
  const { snapshot, lease } = status;
  const now = nowOf(status);
  const { risk, breaker, heartbeat, positions, orders, recovering } = snapshot;
  const active = isActive(breaker, now);
  const end = breaker.until ? span(breaker.until.getTime() - now.getTime()) : "until reset";
  const notes = [
    ...(recovering === undefined ? [] : [red("recovering")]),
    ...(alarms.includes("account breaker") ? [red(`account ${snapshot.account?.name} TRIPPED`)] : []),
    ...(alarms.includes("untold") ? [red("untold results")] : []),
    ...(status.snapshotFile === undefined ? [] : [yellow(`snapshot of ${ago(snapshot.at, now)}`)]),
  ];
  const beat = heartbeat ? ago(heartbeat, now) : "never";
  return [
    row.flowId,
    active ? red(`TRIPPED, ${end}`) : green("quiet"),
    risk.dailyPnl < 0 ? red(gain(risk.dailyPnl)) : gain(risk.dailyPnl),
    String(risk.dailyTrades),
    String(risk.consecutiveLosses),
    fraction(risk.currentDrawdown),
    String(positions.length),
    String(orders.length),
    alarms.includes("stale") ? red(beat) : beat,
    liveness.dead.length > 0 ? red(aliveWords(liveness)) : String(liveness.alive.length),
    lease && lease.until > now ? (lifeOf(lease, liveness, now) === "dead" ? red(lease.holder) : lease.holder) : "",
    notes.join(", "),
  ];
}
