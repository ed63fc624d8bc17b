import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardFolder } from "./guardian.js";

/** A new empty folder for one server; it is removed by `removeFolder`, or when this process is gone. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "sf-redis-"));
  guardFolder(folder);
  return folder;
}

/** Removes a folder and all that is in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
