/** The doctor's finding about one thing: `ok`; a `note` that somebody may want to know; or a `problem` that needs somebody. */
export interface Finding {
  readonly level: "ok" | "note" | "problem";
  /** What was looked at, in a word or two; the same for all findings about it. */
  readonly subject: string;
  readonly found: string;
  /** What to do; empty if there is nothing to do. */
  readonly advice: string;
}

/** The findings about one subject. */
export class Findings {
  readonly all: Finding[] = [];

  constructor(private readonly subject: string) {}

  ok(found: string): void {
    this.all.push({ level: "ok", subject: this.subject, found, advice: "" });
  }

  note(found: string, advice: string): void {
    this.all.push({ level: "note", subject: this.subject, found, advice });
  }

  problem(found: string, advice: string): void {
    this.all.push({ level: "problem", subject: this.subject, found, advice });
  }

  /** The finding that something may not be looked at, because of the user's rights or the server. */
  denied(why: string): void {
    this.note(`not permitted to look: ${why}`, "let the user do it (ACL SETUSER), or ask whoever runs the server");
  }
}

/** The findings about a subject; `fine` if there are none. */
export function findingsOf(subject: string, look: (findings: Findings) => void, fine?: string): Finding[] {
  const findings = new Findings(subject);
  look(findings);
  if (findings.all.length === 0 && fine !== undefined) findings.ok(fine);
  return findings.all;
}

/** A few names, and how many more there are. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** A number of bytes for people. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`;
  if (count < 1024 ** 3) return `${(count / 1024 ** 2).toFixed(1)} MiB`;
  return `${(count / 1024 ** 3).toFixed(1)} GiB`;
}
