/** Decides which alerts are sent: one per change, another while the change lasts, and one when it is over. Sends each until it has arrived. */
import { isQuiet, type QuietHours } from "../config/quiet-hours.js";
import type { Want, WantKind } from "../wants/wants.js";
import { errorText } from "../words/error-text.js";
import { count } from "../words/in-words.js";
import { type Alert, alertOf } from "./alert.js";
import { NeverSent, type Sink, WaitFor } from "./sink.js";
import { nothingTold, readTold, type Told, writeTold } from "./told.js";

export interface AlertOptions {
  readonly on: readonly WantKind[];
  /** How long until the same is sent again while it lasts, ms. */
  readonly again: number;
  /** What may flicker is sent only after it has lasted this long, and is over only after it has been absent this long, ms. */
  readonly settle: number;
  readonly quiet?: QuietHours;
  /** The file that keeps what was sent. Without it a new process sends everything anew. */
  readonly file?: string;
  /** Gets, without secrets, what cannot be sent. */
  readonly warn: (message: string) => void;
  readonly now?: () => number;
}

/** At most this many alerts wait. The oldest that is not critical is dropped first. */
const LONGEST_QUEUE = 200;
/** At most this many alerts go into one message. */
const GROUP = 20;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 300_000;

/** Kinds that may come and go with each reading and still be the same thing: a loss around 80 % of its limit, a server that misses a reading. */
const MAY_FLICKER: readonly WantKind[] = ["unreadable", "limit_near", "unpriced", "blind_limit", "limits_differ"];

export class Alerter {
  #told: Told | undefined;
  #pause = 0;
  #notBefore = 0;

  constructor(
    private readonly sink: Sink,
    private readonly options: AlertOptions,
  ) {}

  /** Reads what was told, and writes it back: rejects where that will not go. */
  async begin(): Promise<void> {
    await this.#keep(await this.#known());
  }

  /**
   * Notes what needs a person now. A fact that was reported and is absent now is over, but only if its flow could be read (`isKnown`). Rejects if the file
   * cannot be written: what is to be sent is known all the same.
   */
  async notice(wants: readonly Want[], isKnown: (flowId: string) => boolean): Promise<void> {
    const told = await this.#known();
    const now = this.#now();
    const at = new Date(now);
    const wanted = new Map(wants.filter(({ kind }) => this.options.on.includes(kind)).map((want) => [want.id, want]));
    let hasChanged = false;
    const queue = (alert: Alert) => {
      told.queue.push(alert);
      hasChanged = true;
    };
    for (const [id, want] of wanted) {
      const before = told.standing[id];
      if (before?.gone !== undefined) {
        delete before.gone;
        hasChanged = true;
      }
      if (before && now - before.told < this.options.again) continue;
      if (!before) {
        const settled = this.#settle(told, want, now);
        hasChanged ||= settled !== "as noted";
        if (settled !== "may be told") continue;
      }
      const turn = (before?.turn ?? 0) + 1;
      const alert = alertOf(want, before ? "lasts" : "new", turn === 1 ? now : turn, at);
      told.standing[id] = { told: now, turn, alert };
      queue(alert);
    }
    for (const [id, seen] of Object.entries(told.settling)) {
      if (wanted.has(id)) continue;
      const isOver = seen.gone !== undefined && now - seen.gone >= this.options.settle;
      if (isOver) delete told.settling[id];
      hasChanged ||= isOver || seen.gone === undefined;
      seen.gone ??= now;
    }
    for (const [id, standing] of Object.entries(told.standing)) {
      const { alert, turn } = standing;
      if (wanted.has(id) || !isKnown(alert.flow)) continue;
      hasChanged ||= standing.gone === undefined;
      standing.gone ??= now;
      if (MAY_FLICKER.includes(alert.kind) && now - standing.gone < this.options.settle) continue;
      delete told.standing[id];
      hasChanged = true;
      // If nobody has been told of it yet, nobody needs to be told that it is over.
      const waiting = told.queue.filter((each) => each.id === alert.id);
      if (turn === 1 && waiting.length > 0) told.queue = told.queue.filter((each) => each.id !== alert.id);
      else queue({ ...alert, id: `${alert.id}-resolved`, state: "resolved", at: at.toISOString() });
    }
    this.#shorten(told);
    if (hasChanged) await this.#keep(told);
  }

  /** Notes what was not told yet, and says whether it may be told now. What comes back before it was gone for long is the same. */
  #settle(told: Told, { id, kind }: Want, now: number): "may be told" | "noted now" | "as noted" {
    const { settle } = this.options;
    if (!MAY_FLICKER.includes(kind) || settle === 0) return "may be told";
    const before = told.settling[id];
    const { seen } = before ?? { seen: now };
    if (now - seen >= settle) {
      delete told.settling[id];
      return "may be told";
    }
    if (before && before.gone === undefined) return "as noted";
    told.settling[id] = { seen };
    return "noted now";
  }

  /** Sends what waits, as far as it may now; resolves to how many ms from now it is time to try again, if anything waits. Never rejects because of the receiver; where the file cannot be written it does. */
  async send(): Promise<number | undefined> {
    const told = await this.#known();
    for (;;) {
      const now = this.#now();
      const { quiet } = this.options;
      const due = told.queue.filter(
        ({ urgency }) => urgency === "critical" || !quiet || !isQuiet(quiet, new Date(now)),
      );
      const group = due.slice(0, GROUP);
      if (group.length === 0) return told.queue.length === 0 ? undefined : 60_000;
      if (now < this.#notBefore) return this.#notBefore - now;
      try {
        await this.sink.send(group);
        this.#pause = 0;
      } catch (error) {
        if (!(error instanceof NeverSent)) return this.#later(error);
        this.options.warn(`dropped ${count(group.length, "alert")}, which the receiver refuses: ${errorText(error)}`);
      }
      const gone = new Set(group.map(({ id }) => id));
      told.queue = told.queue.filter(({ id }) => !gone.has(id));
      await this.#keep(told);
    }
  }

  #later(error: unknown): number {
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause === 0 ? FIRST_PAUSE : this.#pause * 2);
    const pause = error instanceof WaitFor ? Math.max(error.ms, this.#pause) : this.#pause;
    this.#notBefore = this.#now() + pause;
    this.options.warn(
      `alerts could not be sent, and are tried again in ${Math.ceil(pause / 1000)} s: ${errorText(error)}`,
    );
    return pause;
  }

  #shorten(told: Told): void {
    const over = told.queue.length - LONGEST_QUEUE;
    if (over <= 0) return;
    const ranked = [...told.queue].sort((a, b) => Number(a.urgency === "critical") - Number(b.urgency === "critical"));
    const dropped = new Set(ranked.slice(0, over).map(({ id }) => id));
    told.queue = told.queue.filter(({ id }) => !dropped.has(id));
    this.options.warn(`dropped ${count(over, "alert")}: more than ${LONGEST_QUEUE} wait`);
  }

  async #known(): Promise<Told> {
    this.#told ??= this.options.file === undefined ? nothingTold() : await readTold(this.options.file);
    return this.#told;
  }

  async #keep(told: Told): Promise<void> {
    if (this.options.file !== undefined) await writeTold(this.options.file, told);
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }
}
