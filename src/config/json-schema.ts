/** The configuration as JSON Schema, so that editors complete and check the file. */

import * as z from "zod";
import { configSchema } from "./schema.js";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of a value from the environment: `${NAME}` or `${NAME:-default}`. */
const FROM_ENVIRONMENT: JsonSchema = {
  description: `From the environment: \${NAME}, or \${NAME:-default}.`,
  type: "string",
  pattern: "\\$\\{[A-Za-z_]\\w*(:-[^}]*)?\\}",
};

/**
 * JSON Schema (draft-07, which the YAML language server takes) of a configuration file without a `state:` key, with a
 * description and the default of every key.
 */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: "draft-07", io: "input" });
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: "signalflow-state configuration",
    ...asInFile(schema),
  };
}

/** The same for a larger file in which the configuration is under `state:`; other keys are ignored. */
export function stateFileJsonSchema(): JsonSchema {
  const { $schema, title, ...state } = configJsonSchema();
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: "A file with a signalflow-state configuration under state:",
    type: "object",
    properties: { state: { description: title ?? "", anyOf: [state, { type: "null" }] } },
  };
}

/** The schema of a file in either form, for editors. The two forms differ by a top-level `state:`. */
export function configFileJsonSchema(): JsonSchema {
  const { $schema, title, description, ...flat } = configJsonSchema();
  const { $schema: _, title: __, ...nested } = stateFileJsonSchema();
  return {
    ...($schema === undefined ? {} : { $schema }),
    ...(title === undefined ? {} : { title }),
    ...nested,
    if: { required: ["state"] },
    else: flat,
  };
}

/** The schema of an object whose values, at any depth, may come from the environment. */
function asInFile(schema: JsonSchema): JsonSchema {
  const { properties, items, anyOf, ...rest } = schema;
  return {
    ...rest,
    ...(anyOf && { anyOf: anyOf.map(asInFile) }),
    ...(items && { items: Array.isArray(items) || typeof items === "boolean" ? items : asInFile(items) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, typeof value === "boolean" ? value : property(value)]),
      ),
    }),
  };
}

/** A key with a single value also accepts a reference to the environment. Sections and lists accept it inside; free text accepts anything. */
function property(schema: JsonSchema): JsonSchema {
  const { description, default: fallback, ...rest } = schema;
  const documentation = {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && fallback !== null && { default: fallback }), // a section's default follows from its keys
  };
  const choices = rest.anyOf ?? [rest];
  const holdsOthers = choices.some((choice) => choice.type === "object" || choice.type === "array");
  const freeText = rest.type === "string" && rest.pattern === undefined && rest.enum === undefined;
  if (holdsOthers || freeText) return { ...documentation, ...asInFile(rest) };
  return { ...documentation, anyOf: [...choices, FROM_ENVIRONMENT] };
}
