/** The places that `copy`, `backup` and `restore` name. */
import { duckdbPath } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";
import { NOTHING_TOLD, type Told } from "../migrations/migration.js";
import { type CopyReport, copyFlow } from "../transfer/copy-flow.js";
import { DuckdbPlace } from "../transfer/duckdb-place.js";
import type { FlowPlace } from "../transfer/flow-place.js";
import { RedisPlace } from "../transfer/redis-place.js";
import { count } from "../words/in-words.js";
import { printable } from "../words/printable.js";
import { ProgressBar } from "../words/progress-bar.js";
import { UsageError } from "./exit-code.js";
import { findFlows, placeName } from "./flows.js";
import type { Invocation } from "./invocation.js";
import { configOf, type GlobalOptions } from "./place.js";

/** The configuration for the value of `--from` or `--to`: `redis://...`, `duckdb:PATH` or `config:FILE`. */
export async function configAt(option: string, text: string, { config }: GlobalOptions): Promise<ResolvedConfig> {
  if (/^rediss?:\/\//.test(text)) return configOf({ config, url: text });
  const [, kind, rest = ""] = /^(duckdb|config):(.+)$/s.exec(text) ?? [];
  if (kind === "duckdb") return configOf({ config, duckdb: rest });
  if (kind === "config") return configOf({ config: rest });
  throw new UsageError(`${option}: expected redis://HOST:PORT, duckdb:PATH or config:FILE`);
}

/** The place of a flow. The caller disposes it. */
export async function placeOfFlow(config: ResolvedConfig, flowId: string): Promise<FlowPlace & Partial<Disposable>> {
  if (config.backend === "redis") return RedisPlace.connect(config.redis, flowId);
  return new DuckdbPlace(duckdbPath(config.duckdb.path, flowId), flowId);
}

/** The only flow at a place. Throws a UsageError if there is none, or more than one. */
export async function onlyFlow(config: ResolvedConfig): Promise<string> {
  const { flows } = await findFlows(config);
  const [only, ...others] = flows;
  if (only === undefined) throw new UsageError(`there is no flow at ${placeName(config)}`);
  if (others.length > 0) throw new UsageError(`which flow? Say --flow with one of ${flows.slice(0, 20).join(", ")}`);
  return only;
}

export interface MoveOptions {
  readonly toFlow: string;
  readonly replace: boolean | undefined;
  readonly yes: boolean | undefined;
  /** Decisions for a flow of an older schema. */
  readonly told?: Told;
  /** Words for the progress bar. */
  readonly words: string;
}

/** Copies from one place to another, with a bar, and reports the result. */
export async function move(
  invocation: Invocation,
  from: FlowPlace,
  to: FlowPlace,
  options: MoveOptions,
): Promise<void> {
  const replace = options.replace === true;
  if (replace) await invocation.consent(`Replace what is in ${to.name}?`, options.yes);
  const report = await moved();
  for (const note of report.notes) invocation.complain(`note: ${note}`);
  for (const warning of report.warnings) invocation.complain(`warning: ${warning}`);
  invocation.print(report, () => printable(inWords(report)).concat("\n"));

  async function moved(): Promise<CopyReport> {
    using bar = new ProgressBar(invocation.terminal, { words: options.words });
    const { toFlow, told = NOTHING_TOLD } = options;
    return copyFlow(from, to, { toFlow, replace, told, progress: bar.at });
  }
}

function inWords({ outcome, from, to, flow, counts, kept }: CopyReport): string {
  const what = [
    count(counts["positions:open"] ?? 0, "position"),
    count(counts["orders:pending"] ?? 0, "pending order"),
    count(counts["signals:processed"] ?? 0, "signal"),
    count(counts["events:log"] ?? 0, "event"),
  ].join(", ");
  if (outcome === "already there") return `${flow}: nothing to do, ${to} holds the same already (${what})`;
  const old = kept === undefined ? "" : `; what was there is kept as ${kept}`;
  return `${flow}: copied and verified, from ${from} to ${to}: ${what}${old}`;
}
