/** A configuration to start with: every key with its meaning; most keys are comments that show the default. */
import type { z } from "zod";
import { configJsonSchema } from "../../config/json-schema.js";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Values that differ from the default, by section and key. */
type Chosen = Readonly<Record<string, Readonly<Record<string, string>>>>;

const LIMITS = { max_daily_loss: "300", max_open_positions: "3", max_exposure: "20000" };

const CHOSEN: Readonly<Record<"duckdb" | "redis", Chosen>> = {
  duckdb: { duckdb: { path: "state/{flow_id}.db", snapshot_every: "10s" }, risk: LIMITS },
  redis: { redis: { url: "redis://localhost:6379" }, risk: LIMITS },
};

const WIDTH = 110;

/** The text of `bot.yaml` for a backend. A line that begins with `#` without a space is a key that can be activated. */
export function botYaml(backend: "duckdb" | "redis", flowId: string, more: Chosen = {}): string {
  const lines = [
    "# yaml-language-server: $schema=./node_modules/signalflow-state/dist/config.schema.json",
    "# Keys that are commented out stand at their defaults. A value may come from the environment:",
    `# \${NAME}, or \${NAME:-default}.`,
  ];
  for (const [section, schema] of propertiesOf(configJsonSchema())) {
    lines.push("", ...comment(schema.description ?? "", ""));
    const keys = propertiesOf(schema);
    lines.push(keys.length === 0 ? `${section}: ${section === "flow" ? flowId : backend}` : `${section}:`);
    for (const [key, { description = "", default: fallback }] of keys) {
      const value = more[section]?.[key] ?? CHOSEN[backend][section]?.[key];
      lines.push(...comment(description, "  "), value === undefined ? unset(key, fallback) : `  ${key}: ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function unset(key: string, fallback: unknown): string {
  return `  #${key}:${fallback === undefined ? "" : ` ${JSON.stringify(fallback)}`}`;
}

/** The keys of a section, whose schema may be one of several choices. */
function propertiesOf(schema: JsonSchema): [string, JsonSchema][] {
  for (const choice of [schema, ...(schema.anyOf ?? [])]) {
    if (choice.properties) {
      return Object.entries(choice.properties).flatMap(([key, value]) =>
        typeof value === "boolean" ? [] : [[key, value]],
      );
    }
  }
  return [];
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `${indent}# ${each}`);
}
