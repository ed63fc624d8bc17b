import { RedisFlow } from "../../backends/redis/flow.js";
import { duckdbPath } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import type { Told } from "../../migrations/migration.js";
import type { Plan, Report } from "../../migrations/report.js";
import type { Progress } from "../../transfer/flow-place.js";
import { migrateDuckdb, planDuckdb } from "../../transfer/migrate-duckdb.js";
import { migrateRedis, planRedis, undoRedis } from "../../transfer/migrate-redis.js";
import { count, span } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { ProgressBar } from "../../words/progress-bar.js";
import type { AddCommand } from "../command.js";
import { EXIT, UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { addMigrationOptions, toldBy } from "../migration-options.js";

export const addMigrate: AddCommand = (program, run) => {
  const command = program
    .command("migrate")
    .description("Migrate a flow of an older version to this version's schema. Stop its bots first.")
    .option("--dry-run", "say what would be done, and change nothing")
    .option("--undo", "undo an unfinished migration in Redis; the flow is as before")
    .option("--yes", "do not ask");
  addMigrationOptions(command);
  command
    .addHelpText("after", "\nExample:\n  $ sf-state migrate --flow bot --url redis://localhost:6379 --dry-run")
    .action((options, own) =>
      run(own.optsWithGlobals(), async (invocation) => {
        const flowId = await invocation.flowId();
        using flow = await openFlow(await invocation.config(), flowId);
        if (options.undo) {
          await undo(invocation, flowId, flow);
          return;
        }
        const told = toldBy(options);
        const plan = await flow.plan(told);
        if (options.dryRun || plan.stops.length > 0 || (plan.from === plan.to && !plan.unfinished)) {
          if (plan.stops.length > 0) invocation.exitCode = EXIT.problem;
          invocation.print({ flow: flowId, ...plan }, () => planText(flowId, plan));
          return;
        }
        if (!invocation.json) {
          if (options.yes) invocation.terminal.out(planText(flowId, plan));
          else invocation.terminal.err(planText(flowId, plan));
        }
        await invocation.consent(questionOf(flowId, plan), options.yes);
        const report = await migrated(invocation, flowId, (progress) => flow.migrate(told, progress));
        const { place, steps, notes } = plan;
        invocation.print({ flow: flowId, place, steps, notes, ...report }, () => reportText(flowId, plan, report));
      }),
    );
};

/** A flow that can be migrated, on any backend. */
interface Migratable extends Disposable {
  plan(told: Told): Promise<Plan>;
  migrate(told: Told, progress: Progress): Promise<Report>;
  undo?(): Promise<boolean>;
}

async function openFlow({ backend, duckdb, redis }: ResolvedConfig, flowId: string): Promise<Migratable> {
  if (backend === "duckdb") {
    const path = duckdbPath(duckdb.path, flowId);
    return {
      plan: (told) => planDuckdb(path, flowId, told),
      migrate: (told, progress) => migrateDuckdb(path, flowId, told, progress),
      [Symbol.dispose]() {},
    };
  }
  const flow = await RedisFlow.connect(redis, flowId);
  return {
    plan: (told) => planRedis(flow, told),
    migrate: (told, progress) => migrateRedis(flow, told, progress),
    undo: () => undoRedis(flow),
    [Symbol.dispose]: () => flow[Symbol.dispose](),
  };
}

async function undo(invocation: Invocation, flowId: string, flow: Migratable): Promise<void> {
  if (!flow.undo) throw new UsageError("--undo: in a DuckDB file nothing is ever left half migrated");
  const undone = await flow.undo();
  invocation.print({ flow: flowId, undone }, () =>
    undone ? `${flowId}: undone; it is as it was before\n` : `${flowId}: there was nothing to undo\n`,
  );
  if (!undone) invocation.exitCode = EXIT.problem;
}

async function migrated(
  invocation: Invocation,
  flowId: string,
  work: (progress: Progress) => Promise<Report>,
): Promise<Report> {
  using bar = new ProgressBar(invocation.terminal, { words: `migrating ${flowId}` });
  return work(bar.at);
}

function questionOf(flowId: string, { from, to, instances }: Plan): string {
  const alive = instances.filter((instance) => instance.alive).length;
  const bots = alive === 0 ? "" : ` ${count(alive, "bot")} may be trading on it, and will be stopped by an error.`;
  return `Migrate ${flowId} from schema ${from} to ${to}?${bots} Meanwhile every call on it is refused, exits too.`;
}

function planText(flowId: string, plan: Plan): string {
  const { place, from, to, steps, notes, stops, instances, unfinished } = plan;
  const lines = [`${flowId}: ${place}`];
  if (unfinished)
    lines.push(
      "  an earlier run was left unfinished, and every call on the flow is refused: run it to its end, or --undo it",
    );
  if (steps.length === 0 && !unfinished) lines.push(`  is of schema ${from}: nothing to do`);
  for (const step of steps) lines.push(`  schema ${step}`);
  for (const note of notes) lines.push(`  ${note}`);
  for (const stop of stops) lines.push(`  cannot be done: ${stop}`);
  const seen = instances.filter(({ alive }) => alive);
  if (from < to && stops.length === 0) {
    lines.push(seen.length === 0 ? "  no bot gave a sign of life in the last minute" : "  alive, stop them first:");
    for (const { id, version, silent } of seen)
      lines.push(`    ${id}, ${version ?? "before 0.2"}, ${span(silent)} ago`);
  }
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function reportText(flowId: string, { place }: Plan, { from, to, refusedFor, kept }: Report): string {
  const old = kept === undefined ? "" : `; the old one is kept as ${kept}`;
  return `${flowId}: migrated from schema ${from} to ${to}, ${printable(place)}; calls were refused for ${Math.ceil(refusedFor)} ms${old}\n`;
}
