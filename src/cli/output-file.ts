/** A file that a command writes: it is never visible half written, and an existing file is replaced only on request. */
import { randomUUID } from "node:crypto";
import { chmod, link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../error-code.js";
import { syncFolder } from "../sync-folder.js";
import { errorText } from "../words/error-text.js";
import { ProblemError, UsageError } from "./exit-code.js";

/** Has `write` fill a draft, then gives the draft its name. Throws a UsageError if the file exists and `replace` is not given. */
export async function writeFileAs(
  path: string,
  { replace }: { readonly replace: boolean },
  write: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.new-${randomUUID()}`;
  try {
    await (await open(draft, "wx", 0o600)).close();
    await write(draft);
    await chmod(draft, 0o600);
    if (replace) await rename(draft, path);
    else await link(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") {
      throw new UsageError(`${path} is there already, and was left as it is: say --replace, or another name`);
    }
    if (errorCode(cause) === undefined) throw cause;
    throw new ProblemError(`${path} cannot be written: ${errorText(cause)}`);
  } finally {
    await rm(draft, { force: true });
  }
}
