/** The operator's decisions when a flow of an older schema is migrated. */
import { MIGRATIONS } from "../migrations/all.js";
import type { Told } from "../migrations/migration.js";

/** A command that options can be added to. */
interface Optioned {
  option(flags: string, about: string, parse: (said: string, before?: string[]) => string[]): unknown;
}

const OPTIONS = MIGRATIONS.flatMap(({ options }) => options);

export function addMigrationOptions(command: Optioned): void {
  for (const { name, value, about } of OPTIONS) {
    command.option(`--${name} <${value}>`, about, (said, before = []) => [...before, said]);
  }
}

/** The values of the options that the migrations ask for. */
export function toldBy(options: object): Told {
  const said = new Map<string, unknown>(Object.entries(options));
  const told = new Map<string, readonly string[]>();
  for (const { name } of OPTIONS) {
    const values = said.get(name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()));
    if (Array.isArray(values)) told.set(name, values.map(String));
  }
  return told;
}
