import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { duckdbPath, isFlowId } from "../../config/flow-id.js";
import { errorCode } from "../../error-code.js";
import { ConfigError, LockedError, StateError } from "../../errors.js";
import { errorText } from "../../words/error-text.js";
import { FlowFile } from "./flow-file.js";
import { HolderBackend } from "./holder-backend.js";
import { flowIdIn } from "./identify.js";
import { refusalOf } from "./refusal.js";

const PLACEHOLDER = "{flow_id}";

/**
 * The flows in the files that match a `duckdb.path`, by id: all files whose names fit or, if the path has no `{flow_id}`, the one file. No file is written
 * to. Rejects with a StateError if a single file cannot be read.
 */
export async function findDuckdbFlows(template: string): Promise<string[]> {
  if (!template.includes(PLACEHOLDER)) return (await isFile(template)) ? [await flowIdOf(template)] : [];

  const segments = template.split(/[/\\]/);
  const at = segments.findIndex((segment) => segment.includes(PLACEHOLDER));
  const folder = segments.slice(0, at).join(sep) || (at > 0 ? sep : ".");
  const [before = "", ...rest] = (segments[at] ?? "").split(PLACEHOLDER);
  const after = rest.at(-1) ?? "";
  const flows: string[] = [];
  for (const name of await namesIn(folder)) {
    const flowId = name.slice(before.length, after === "" ? undefined : -after.length);
    if (isFlowId(flowId) && (await fits(template, flowId, join(folder, name), at))) flows.push(flowId);
  }
  return flows.sort();
}

/** Whether the flow's file exists and its path begins with the part that was found. */
async function fits(template: string, flowId: string, found: string, at: number): Promise<boolean> {
  const path = duckdbPath(template, flowId);
  const begin = path
    .split(/[/\\]/)
    .slice(0, at + 1)
    .join(sep);
  return join(begin) === join(found) && (await isFile(path));
}

/** The flow in a file. If a bot holds the file, the bot is asked; if it cannot be asked, the id is taken from the file's name. */
async function flowIdOf(path: string): Promise<string> {
  let file: FlowFile | undefined;
  try {
    file = await FlowFile.open(path);
    return await flowIdIn(file.connection);
  } catch (error) {
    const refusal = refusalOf(path, error);
    if (!(refusal instanceof LockedError)) throw refusal;
    const held = await flowHeld(path);
    if (held !== undefined) return held;
    const name = basename(path).replace(/\.[^.]*$/, "");
    if (isFlowId(name)) return name;
    throw refusal;
  } finally {
    file?.close();
  }
}

async function flowHeld(path: string): Promise<string | undefined> {
  try {
    const holder = await HolderBackend.reach(await realpath(path), { flowId: undefined, instance: "sf-state" });
    await holder?.close();
    return holder?.holder.flowId;
  } catch (error) {
    // Opening the file will report why it cannot be asked.
    if (error instanceof StateError) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return [];
    throw new ConfigError(`duckdb.path: ${folder} cannot be read: ${errorText(cause)}`);
  }
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}
