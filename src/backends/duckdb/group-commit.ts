/** Changes that are made while a commit runs share the next commit. */
export class GroupCommit {
  /** The changes that no commit has taken up yet. */
  #waiting: Group | undefined;
  /** The changes that the present commit makes durable. */
  #committing: Group | undefined;
  #failure: { readonly cause: unknown } | undefined;

  /** `commit` makes everything durable that was changed before it is called. */
  constructor(private readonly commit: () => Promise<void>) {}

  /** Set once a commit has failed: nothing can be committed any more. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failure;
  }

  /** Resolves when the latest change is durable. Rejects if a commit failed, and always after that. */
  join(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.cause);
    if (!this.#waiting) {
      this.#waiting = new Group();
      if (!this.#committing) this.#commitSoon();
    }
    return this.#waiting.done;
  }

  /** Resolves when everything that was changed so far is durable; undefined if it already is. */
  get pending(): Promise<void> | undefined {
    return (this.#waiting ?? this.#committing)?.done;
  }

  /** All changes of one turn of the event loop go into one commit. */
  #commitSoon(): void {
    setImmediate(() => {
      const group = this.#waiting;
      if (!group) return;
      this.#waiting = undefined;
      this.#committing = group;
      this.commit().then(
        () => this.#succeed(group),
        (cause: unknown) => this.#fail(group, cause),
      );
    });
  }

  #succeed(group: Group): void {
    this.#committing = undefined;
    if (this.#waiting) this.#commitSoon();
    group.resolve();
  }

  #fail(group: Group, cause: unknown): void {
    this.#failure = { cause };
    group.reject(cause);
    this.#waiting?.reject(cause);
    this.#committing = undefined;
    this.#waiting = undefined;
  }
}

class Group {
  resolve: () => void = () => {};
  reject: (cause: unknown) => void = () => {};
  readonly done = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}
