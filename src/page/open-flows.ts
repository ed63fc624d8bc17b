/** Open flows, shared by all requests: each is open once. */
import type { StateManager } from "../manager/state-manager.js";
import type { Place } from "./place.js";

interface Opened {
  readonly manager: Promise<StateManager>;
  users: number;
  /** Opening failed, or its place is no longer served: the last user closes it. */
  isLeft: boolean;
}

/** A flow on Redis stays open for the next request. A file is closed by its last user, so that a starting bot can open it. */
export class OpenFlows implements AsyncDisposable {
  readonly #open = new Map<string, Opened>();
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;

  /** Works on an existing flow. If opening fails, the next request opens it anew. Rejects as `place.open` and `work` do. */
  async with<Result>(place: Place, flowId: string, work: (manager: StateManager) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new Error("the server stops");
    const key = `${place.id}/${flowId}`;
    const opened = this.#open.get(key) ?? { manager: place.open(flowId), users: 0, isLeft: place.kind === "folder" };
    this.#open.set(key, opened);
    opened.users++;
    try {
      return await work(await opened.manager);
    } catch (error) {
      opened.isLeft = true;
      if (this.#open.get(key) === opened) this.#open.delete(key);
      throw error;
    } finally {
      if (--opened.users === 0 && opened.isLeft) {
        if (this.#open.get(key) === opened) this.#open.delete(key);
        await this.#close(opened);
      }
    }
  }

  /** Closes a flow that no longer exists, once no request uses it. */
  async leave(place: Place, flowId: string): Promise<void> {
    const key = `${place.id}/${flowId}`;
    const opened = this.#open.get(key);
    if (!opened) return;
    this.#open.delete(key);
    opened.isLeft = true;
    if (opened.users === 0) await this.#close(opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const opened of all) opened.isLeft = true;
    await Promise.all([
      ...all.filter(({ users }) => users === 0).map((opened) => this.#close(opened)),
      ...this.#closing,
    ]);
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
