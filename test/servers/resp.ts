/** The Redis protocol (RESP2 and RESP3) as far as the tests need it: where a value ends, and what a request says. */

const CRLF = "\r\n";
const BULK = new Set(["$", "!", "="]);
const AGGREGATE = new Map([
  ["*", 1],
  ["~", 1],
  [">", 1],
  ["%", 2],
  ["|", 2],
]);

/** Cuts a stream of bytes into complete RESP values, however TCP chopped it. An inline command counts as one value. */
export class RespFramer {
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;
  #awaited = 1;

  /** Takes the next bytes and answers the values that they complete, each with all its bytes, in order. */
  push(chunk: Buffer): Buffer[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const values: Buffer[] = [];
    let start = 0;
    while (this.#step()) {
      if (this.#awaited > 0) continue;
      values.push(this.#buffer.subarray(start, this.#position));
      start = this.#position;
      this.#awaited = 1;
    }
    this.#buffer = this.#buffer.subarray(start);
    this.#position -= start;
    return values;
  }

  /** Passes one element, if all of it is there. */
  #step(): boolean {
    const lineEnd = this.#buffer.indexOf(CRLF, this.#position);
    if (lineEnd < 0) return false;
    const type = this.#buffer.toString("latin1", this.#position, this.#position + 1);
    const size = () => Math.max(-1, Number(this.#buffer.toString("latin1", this.#position + 1, lineEnd)));
    let end = lineEnd + CRLF.length;
    let parts = 0;
    if (BULK.has(type)) {
      const length = size();
      if (length >= 0) end += length + CRLF.length;
      if (end > this.#buffer.length) return false;
    } else {
      parts = Math.max(0, size() * (AGGREGATE.get(type) ?? 0)) || 0;
    }
    // An attribute comes before the value that it describes, so it is not that value.
    this.#awaited += parts - (type === "|" ? 0 : 1);
    this.#position = end;
    return true;
  }
}

/** A request as clients send it: an array of bulk strings. */
export function encodeRequest(args: readonly string[]): Buffer {
  const bulks = args.map((arg) => `$${Buffer.byteLength(arg)}${CRLF}${arg}${CRLF}`);
  return Buffer.from(`*${args.length}${CRLF}${bulks.join("")}`);
}

/** What a request's bytes say: the command's name as it was sent, then its arguments. */
export function decodeRequest(request: Buffer): string[] {
  const firstEnd = request.indexOf(CRLF);
  if (request.toString("latin1", 0, 1) !== "*") return request.toString("utf8", 0, firstEnd).trim().split(/\s+/);
  const args: string[] = [];
  let position = firstEnd + CRLF.length;
  while (position < request.length) {
    const headEnd = request.indexOf(CRLF, position);
    const start = headEnd + CRLF.length;
    const end = start + Number(request.toString("latin1", position + 1, headEnd));
    args.push(request.toString("utf8", start, end));
    position = end + CRLF.length;
  }
  return args;
}
