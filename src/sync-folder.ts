import { open } from "node:fs/promises";

/** Makes a new name in a folder survive a power cut, if the system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder);
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows opens no folders: there the name is as durable as the file system makes it.
  }
}
