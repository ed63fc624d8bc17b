/** Open flows, shared by all requests: each is open once. */
import { isOpenHere } from "../backends/duckdb/open-here.js";
import { duckdbPath } from "../config/flow-id.js";
import type { StateManager } from "../manager/state-manager.js";
import type { Place } from "./place.js";

interface Opened {
  readonly manager: Promise<StateManager>;
  /** Of a file. */
  readonly path: string | undefined;
  readonly since: number;
  users: number;
  /** Opening failed, or its place is no longer served: the last user closes it. */
  isLeft: boolean;
  /** A request that comes now waits until it is gone. */
  isFull: boolean;
  /** Resolves when the next one may open the flow. */
  readonly gone: Promise<void>;
  readonly end: () => void;
}

/** A bot that waits for a file tries again every 20 ms. */
const TURN = 250;
const REST = 250;

/**
 * A flow on Redis stays open for the next request. A file is closed by its last user and then left alone for a while, so that a starting bot can open it,
 * however many people look. If a bot has its file open, only the connection to the bot's socket is held here.
 */
export class OpenFlows implements AsyncDisposable {
  readonly #open = new Map<string, Opened>();
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;

  /** A file that was open here for `turn` ms takes no more users, and is left alone for `rest` ms when they are gone. */
  constructor(
    private readonly turn = TURN,
    private readonly rest = REST,
  ) {}

  /** Works on an existing flow. If opening fails, the next request opens it anew. Rejects as `place.open` and `work` do. */
  async with<Result>(place: Place, flowId: string, work: (manager: StateManager) => Promise<Result>): Promise<Result> {
    const key = `${place.id}/${flowId}`;
    const opened = await this.#enter(key, place, flowId);
    try {
      return await work(await opened.manager);
    } catch (error) {
      opened.isLeft = true;
      if (isFileHere(opened)) opened.isFull = true;
      else this.#forget(key, opened);
      throw error;
    } finally {
      if (--opened.users === 0 && opened.isLeft) await this.#leave(key, opened);
    }
  }

  /** Closes a flow that no longer exists, once no request uses it. */
  async leave(place: Place, flowId: string): Promise<void> {
    const key = `${place.id}/${flowId}`;
    const opened = this.#open.get(key);
    if (!opened || opened.isFull) return;
    opened.isLeft = true;
    if (opened.users === 0) await this.#leave(key, opened);
    else this.#forget(key, opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open];
    for (const [key, opened] of all) {
      opened.isLeft = true;
      this.#forget(key, opened);
    }
    await Promise.all([
      ...all.filter(([, { users }]) => users === 0).map(([, opened]) => this.#close(opened)),
      ...this.#closing,
    ]);
  }

  /** The flow, with one more user. */
  async #enter(key: string, place: Place, flowId: string): Promise<Opened> {
    for (;;) {
      if (this.#isClosed) throw new Error("the server stops");
      const found = this.#open.get(key);
      const opened = found ?? this.#begin(place, flowId);
      if (isFileHere(opened) && performance.now() - opened.since >= this.turn) opened.isFull = true;
      if (opened.isFull) {
        await opened.gone;
        continue;
      }
      this.#open.set(key, opened);
      opened.users++;
      return opened;
    }
  }

  #begin(place: Place, flowId: string): Opened {
    let end = () => {};
    const gone = new Promise<void>((resolve) => {
      end = resolve;
    });
    const isFile = place.kind === "folder";
    return {
      manager: place.open(flowId),
      path: isFile ? duckdbPath(place.config.duckdb.path, flowId) : undefined,
      since: performance.now(),
      users: 0,
      isLeft: isFile,
      isFull: false,
      gone,
      end,
    };
  }

  async #leave(key: string, opened: Opened): Promise<void> {
    opened.isFull = true;
    const wasHere = isFileHere(opened);
    await this.#close(opened);
    if (wasHere) setTimeout(() => this.#forget(key, opened), this.rest).unref();
    else this.#forget(key, opened);
  }

  #forget(key: string, opened: Opened): void {
    if (this.#open.get(key) === opened) this.#open.delete(key);
    opened.end();
  }

  async #close({ manager }: Opened): Promise<void> {
    const closing = manager
      .then((open) => open.close())
      .catch(() => {}) // whoever opened it was told why it failed
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    await closing;
  }
}

function isFileHere({ path }: Opened): boolean {
  return path !== undefined && isOpenHere(path);
}
