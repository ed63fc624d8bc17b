/** What a judge finds. The kind says which rule was broken: lives are made shorter as long as they break the same one. */
export class Wrong extends Error {
  constructor(
    readonly kind: string,
    readonly detail: string,
  ) {
    super(`${kind}: ${detail}`);
  }
}
