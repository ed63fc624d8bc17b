import type { ComponentChildren } from "preact";
import { AskError, getFile } from "../live/ask.js";
import { hasToken } from "../live/token.js";
import { Problem, useDoing } from "./dialog.js";

/**
 * A file from the server. Without a token it is a plain link, which keeps nothing in memory. With a token it is fetched, since looking may need the token,
 * and a link cannot carry one.
 */
export function Download({ path, name, children }: { path: string; name: string; children: ComponentChildren }) {
  const doing = useDoing();
  return (
    <>
      <a
        class="button"
        href={path}
        download={name}
        aria-busy={doing.isBusy}
        onClick={(event) => {
          if (!hasToken()) return;
          event.preventDefault();
          doing.run(() => keep(path, name));
        }}
      >
        {children}
      </a>
      <Problem of={doing.problem} />
    </>
  );
}

async function keep(path: string, name: string): Promise<void> {
  const file = await getFile(path);
  if (file.size === 0) throw new AskError("internal", "The server sent an empty file.");
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
