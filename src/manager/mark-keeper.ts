import type { Loss } from "../backends/loss.js";
import { duckdbPath } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";
import { ConfigError, StateLostError, type UnknownFlowError } from "../errors.js";
import { type Judgement, judgeMark, type Mark, markOf, timeOfMark } from "../mark/mark.js";
import { readMark, unusable, writeMark } from "../mark/mark-file.js";
import type { LogPlace } from "../types.js";
import { errorText } from "../words/error-text.js";
import { RECONNECT, wentBackText } from "../words/went-back.js";
import { RegularWriter } from "./regular-writer.js";

/** How often the mark is written, ms. */
const EVERY = 5_000;

const ACCEPT =
  'Run recover: connect({ accept: "went_back" }) connects with entries blocked, and recover brings what is left in line with the exchange, ends that and sets the mark anew.';

/** The calls that the keeper makes to the flow. */
export interface MarkSource {
  readonly flowId: string;
  readonly config: ResolvedConfig;
  readonly loss: Loss;
  readonly place: (id: string) => Promise<LogPlace>;
  readonly warn: (message: string) => void;
}

interface Look {
  readonly place: LogPlace;
  /** The mark that was looked up in the flow's log. */
  readonly known: Mark | undefined;
}

/** Keeps the mark of a flow on this process's disk (`mark.path`), and notices by it that the state went back. */
export class MarkKeeper {
  readonly #source: MarkSource;
  readonly #path: string;
  readonly #mayBeEvicted: boolean;
  /** The mark that the flow is compared with. */
  #known: Mark | undefined;
  #epoch = "";
  /** Somebody accepted that the state went back: the mark stays until a recovery has ended. */
  #waits = false;
  #writer: RegularWriter<Look | undefined> | undefined;

  constructor(source: MarkSource, path: string) {
    this.#source = source;
    this.#path = duckdbPath(path, source.flowId);
    const { backend, redis } = source.config;
    this.#mayBeEvicted = backend === "redis" && redis.allow_eviction;
  }

  /** Reads the mark, if there is one. A file that is no mark is ignored only if the caller accepts that the state went back. */
  async read(accepted: boolean): Promise<void> {
    this.#waits = accepted;
    this.#known = undefined;
    try {
      const known = await readMark(this.#path, this.#source.flowId);
      if (!accepted) this.#known = known;
    } catch (error) {
      if (!accepted || error instanceof ConfigError) throw error;
    }
  }

  /** Whether there is a mark to compare the flow with. */
  get hasMark(): boolean {
    return this.#known !== undefined;
  }

  /** The error for a flow that does not exist although the mark knows it. */
  isGone({ message }: UnknownFlowError): StateLostError {
    return new StateLostError(this.#text(message, ACCEPT));
  }

  /** The flow is open. */
  opened(epoch: string): void {
    this.#epoch = epoch;
  }

  /**
   * Compares the opened flow with the mark, then writes the mark, so that a path that cannot be written is found at once. Rejects with a StateLostError if
   * the state went back, with a ConfigError if the path cannot be written.
   */
  async compare(): Promise<void> {
    const known = this.#known;
    const place = await this.#source.place(known?.id ?? "");
    if (known) {
      const judgement = judgeMark(known, this.#epoch, place, this.#mayBeEvicted);
      if (judgement.kind === "went_back") throw new StateLostError(this.#text(judgement.missing, ACCEPT));
      this.#tell(judgement);
    }
    try {
      await this.#write(place);
    } catch (error) {
      const wrong = unusable(this.#path, error);
      if (wrong) throw wrong;
      this.#source.warn(`the mark ${this.#path} was not written: ${errorText(error)}`);
    }
  }

  /** Writes the mark now and from then on. */
  begin(): void {
    this.#writer ??= new RegularWriter(
      "the mark",
      EVERY,
      () => this.#look(),
      (look) => this.#note(look),
      this.#source.warn,
    );
  }

  /** Writes the mark for the last time. */
  async finish(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.finish();
  }

  /** A recovery has ended: from now on processes compare with the present state. */
  async setAnew(): Promise<void> {
    if (this.#writer) {
      await this.#writer.now();
      return;
    }
    try {
      await this.#write(await this.#source.place(""));
    } catch (error) {
      this.#source.warn(`the mark ${this.#path} was not set anew: ${errorText(error)}`);
    }
  }

  async #look(): Promise<Look | undefined> {
    const known = this.#known;
    try {
      return { known, place: await this.#source.place(known?.id ?? "") };
    } catch (error) {
      if (error instanceof StateLostError) return undefined;
      throw error;
    }
  }

  async #note(look: Look | undefined): Promise<void> {
    const { loss } = this.#source;
    if (!look) return;
    const { known, place } = look;
    if (known && !loss.signal.aborted) {
      const judgement = judgeMark(known, this.#epoch, place, this.#mayBeEvicted);
      if (judgement.kind === "went_back") loss.note(this.#text(judgement.missing, RECONNECT));
    }
    if (loss.signal.aborted) {
      if (known?.went_back === undefined) await this.#noteLoss();
      return;
    }
    if (this.#waits && place.recovering !== undefined) return;
    this.#waits = false;
    if (known?.id !== place.newest || known.entries_added !== place.added) await this.#write(place);
  }

  /** Notes in the mark that the state went back, so that later processes notice it even if the mark's newest event still exists. */
  async #noteLoss(): Promise<void> {
    if (!this.#known) return;
    this.#known = { ...this.#known, went_back: this.#source.loss.message };
    await writeMark(this.#path, this.#known);
  }

  async #write(place: LogPlace): Promise<void> {
    const { flowId } = this.#source;
    this.#known = markOf(flowId, this.#epoch, place);
    await writeMark(this.#path, this.#known);
  }

  #tell(judgement: Judgement): void {
    const { flowId, warn } = this.#source;
    if (judgement.kind === "cannot_tell") {
      warn(`flow ${flowId}: whether the state went back cannot be told by the mark ${this.#path}: ${judgement.why}`);
    } else if (judgement.kind === "moved") {
      warn(`flow ${flowId} was moved, restored or migrated since the mark ${this.#path} was written; it is set anew`);
    }
  }

  #text(missing: string, way: string): string {
    const known = this.#known;
    const id = known?.id ?? "";
    const newest = `event ${id} of the mark ${this.#path}`;
    return wentBackText(
      { newest, at: known ? timeOfMark(known) : 0, holder: this.#source.config.backend, missing },
      way,
    );
  }
}

/** The keeper of the mark, where one is configured. */
export function markKeeperOf(source: MarkSource): MarkKeeper | undefined {
  const { path } = source.config.mark;
  return path === undefined ? undefined : new MarkKeeper(source, path);
}
