import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./sync-folder.js";

/**
 * Gives a file a new text. A reader finds the old text or the new one, never half of one, whatever happens to this process; `durable`: to the
 * machine, too, once this has resolved. Only the file's owner may read it.
 */
export async function replaceFile(
  path: string,
  text: string,
  { durable }: { readonly durable: boolean },
): Promise<void> {
  const draft = `${path}.${process.pid}-${randomBytes(3).toString("hex")}.tmp`;
  try {
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(text);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}
