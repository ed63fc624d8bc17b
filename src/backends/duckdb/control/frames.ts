/** Messages on a stream of bytes: each is its length (four bytes) and JSON. */

const HEAD = 4;

/** Throws a TypeError for what cannot be sent. */
export function frameOf(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(HEAD + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, HEAD);
  return frame;
}

/** Assembles frames from the pieces that arrive. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #length = 0;

  /** `longest`: bytes that a message may have. */
  constructor(private readonly longest: number) {}

  /** The messages that are complete now. Throws a TypeError for anything else, and never keeps more than the longest message. */
  *take(piece: Buffer): Generator<object> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (let body = this.#next(); body; body = this.#next()) {
      const message: unknown = JSON.parse(body.toString("utf8"));
      if (typeof message !== "object" || message === null) throw new TypeError("expected an object");
      yield message;
    }
  }

  #next(): Buffer | undefined {
    if (this.#length < HEAD) return undefined;
    const [first] = this.#pieces;
    const length = (first && first.length >= HEAD ? first : this.#joined()).readUInt32BE(0);
    if (length > this.longest) throw new TypeError(`a message of ${length} bytes is longer than ${this.longest}`);
    const end = HEAD + length;
    if (this.#length < end) return undefined;
    const all = this.#joined();
    const rest = all.subarray(end);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return all.subarray(HEAD, end);
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (first && this.#pieces.length === 1) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
