/** Configuration from a file. */

import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { ConfigError } from "../errors.js";
import type { ConfigFile } from "./config-file.js";
import { type Environment, interpolate, type Source } from "./interpolate.js";
import { plain } from "./plain.js";
import { formatProblem, type Problem, withoutConsequences } from "./problem.js";
import { checkConfig, type ResolvedConfig } from "./schema.js";

/**
 * Reads a configuration from YAML (`.yaml`, `.yml`) or JSON (`.json`), checks it and fills in the defaults. The result can be passed to
 * `StateManager.fromConfig`.
 *
 * The configuration is what is under a top-level `state:`, whatever else the file holds; without that key it is the whole file. `${NAME}` and
 * `${NAME:-default}` in values are replaced from `options.env` (default: the environment of the process) after the file was parsed, so that a variable is
 * always one value. If a number or a boolean is expected, `${NAME}` alone becomes one. `$${` is a literal `${`. Inside YAML's `{ }` and `[ ]` such values
 * need quotes.
 *
 * Throws one `ConfigError` that names, one per line, file, line, column, path, value and what was expected.
 */
export async function loadConfig(path: string, options: { env?: Environment } = {}): Promise<ResolvedConfig> {
  const text = await read(path);
  const { parseConfigFile } = await import("./config-file.js"); // this loads the YAML parser
  const file = parseConfigFile(path, text);
  const data = plain(file.value);
  const environment = options.env ?? process.env;

  const asText = interpolate(data.value, environment);
  const refused = problemPaths(asText.value);
  const typed = asText.references.filter((reference) => refused.has(JSON.stringify(reference.path)));
  const { value, sources } = interpolate(
    data.value,
    environment,
    typed.map((reference) => reference.path),
  );

  const checked = checkConfig(value);
  if (checked.ok && asText.problems.length === 0 && data.problems.length === 0) return checked.config;
  const found = checked.ok ? [] : withoutValues(checked.problems, sources);
  throw new ConfigError(report(file, withoutConsequences([...asText.problems, ...found, ...data.problems])));
}

/** A configuration has some hundred lines. The YAML library needs a second or more for each MB, and far more if there are many keys. */
const MOST_BYTES = 1_000_000;

/** Nobody reads more problems, and locating each one takes time. */
const MOST_PROBLEMS = 100;

async function read(path: string): Promise<string> {
  if (![".yaml", ".yml", ".json"].includes(extname(path).toLowerCase())) {
    throw new ConfigError(`${path}: expected a file that ends in .yaml, .yml or .json`);
  }
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw tooLarge(path, size);
    const bytes = await readFile(path);
    if (bytes.length > MOST_BYTES) throw tooLarge(path, bytes.length);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function tooLarge(path: string, bytes: number): ConfigError {
  return new ConfigError(`${path}: ${bytes} bytes; a configuration has at most ${MOST_BYTES}: is it the right file?`);
}

function problemPaths(value: unknown): Set<string> {
  const checked = checkConfig(value);
  return new Set(checked.ok ? [] : checked.problems.map((problem) => JSON.stringify(problem.path)));
}

/** Problems that name variables instead of quoting their values, which may be secrets in a wrong place. */
function withoutValues(problems: readonly Problem[], sources: readonly Source[]): Problem[] {
  const byPath = new Map(sources.map((source) => [JSON.stringify(source.path), source]));
  return problems.map((problem) => {
    const source = byPath.get(JSON.stringify(problem.path));
    if (source === undefined || problem.at === "key") return problem;
    const names = source.names.map((name) => `\${${name}}`).join(" and ");
    return { ...problem, text: `${(source.values.length > 0 && problem.unquoted) || problem.text} (from ${names})` };
  });
}

function report(file: ConfigFile, problems: readonly Problem[]): string {
  const lines = problems
    .slice(0, MOST_PROBLEMS)
    .map((problem) => ({ problem, location: file.locate(problem.path, problem.at) }))
    .sort((a, b) => a.location.offset - b.location.offset)
    .map(({ problem, location }) => `${location.label}: ${formatProblem(problem, file.nested ? "state" : "config")}`);
  const untold = problems.length - MOST_PROBLEMS;
  if (untold > 0) lines.push(`... and ${untold} more`);
  if (!file.nested && problems.some((problem) => problem.at === "key" && problem.path.length === 1)) {
    lines.push(
      "If the file holds other things too, the configuration of the state belongs under a top-level state: key.",
    );
  }
  return lines.join("\n");
}
