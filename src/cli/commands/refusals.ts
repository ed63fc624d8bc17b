import type { StateManager } from "../../manager/state-manager.js";
import type { AdmissionDay, RefusedEntry } from "../../types.js";
import { time } from "../../words/in-words.js";
import { admissionWords } from "../admission-words.js";
import { counting } from "../arguments.js";
import type { AddCommand } from "../command.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

const SHOWN = 20;
const PAGE = 1000;

export const addRefusals: AddCommand = (program, run) => {
  program
    .command("refusals")
    .description("Count the entries that were admitted and refused by day, and list the newest refusals.")
    .option("--days <n>", "the newest days", counting, 7)
    .option("--limit <n>", "how many refusals, the newest", counting, SHOWN)
    .addHelpText("after", "\nExample:\n  $ sf-state refusals --days 7 --flow bot --url redis://localhost:6379")
    .action(({ days, limit }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const stats = await manager.getAdmissionStats({ days });
        const refusals = await newest(manager, limit);
        const { terminal } = invocation;
        invocation.print(
          { stats, refusals },
          () => `${dayTable(terminal, stats)}\n${refusalTable(terminal, refusals)}`,
        );
      }),
    );
};

/** The newest refusals, oldest first. They are read from the oldest: there are 10,000 at most. */
async function newest(manager: StateManager, limit: number): Promise<RefusedEntry[]> {
  let kept: RefusedEntry[] = [];
  for (let after: string | undefined; ; ) {
    const page = await manager.getRefusals({ limit: PAGE, ...(after !== undefined && { after }) });
    kept = [...kept, ...page].slice(-limit);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return kept;
    after = last.key;
  }
}

function dayTable(terminal: Terminal, stats: readonly AdmissionDay[]): string {
  if (stats.length === 0) return "no entry asked to go ahead\n";
  return table(
    terminal,
    [{ title: "day" }, { title: "entries" }],
    stats.map((each) => [each.day, admissionWords(each)]),
  );
}

function refusalTable(terminal: Terminal, refusals: readonly RefusedEntry[]): string {
  if (refusals.length === 0) return "no refusals\n";
  return table(
    terminal,
    [
      { title: "when (UTC)" },
      { title: "signal" },
      { title: "pair" },
      { title: "side" },
      { title: "reason" },
      { title: "why" },
      { title: "instance" },
    ],
    refusals.map(({ at, signalId, pair, side, reason, message, instance }) => [
      time(at),
      signalId,
      pair,
      side,
      reason,
      message,
      instance,
    ]),
  );
}
