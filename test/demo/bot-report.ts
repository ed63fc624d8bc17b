/** What one process says it did: a line per answer it got, in a file that outlives it. The state is not asked. */

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ENDING = ".jsonl";

export type ReportLine =
  | { readonly did: "started" | "finished" }
  | { readonly did: "won" | "opened" | "closed"; readonly id: string };

export class BotReport {
  private constructor(private readonly path: string) {}

  /** Opens a process's report, made when it is missing, and says that it started. */
  static open(folder: string, name: string): BotReport {
    mkdirSync(folder, { recursive: true });
    const report = new BotReport(join(folder, name + ENDING));
    report.write({ did: "started" });
    return report;
  }

  write(line: ReportLine): void {
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }

  /** All that every process of a fleet ever wrote, by its name. */
  static readAll(folder: string): Map<string, ReportLine[]> {
    const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(ENDING)) : [];
    const byNumber = new Intl.Collator("en", { numeric: true });
    return new Map(
      files.sort(byNumber.compare).map((file) => [file.slice(0, -ENDING.length), read(join(folder, file))]),
    );
  }
}

function read(path: string): ReportLine[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as ReportLine);
}
