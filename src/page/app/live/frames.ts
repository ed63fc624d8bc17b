/** Server-sent events, read through `fetch`, since `EventSource` cannot send `Authorization`. */
import type { StreamFrame } from "../../wire.js";

export interface Message {
  /** Absent for a comment, which only shows that the server is there. */
  readonly frame?: StreamFrame;
  readonly id?: string;
}

/** Each message of a stream as it comes. Ends with the stream; throws if the stream breaks, or has more than `LONGEST` characters without an end. */
export async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        yield messageOf(text.slice(0, end));
        text = text.slice(end + 2);
      }
      if (text.length > LONGEST) throw new Error("a frame that is too long");
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const LONGEST = 64 * 1024 * 1024;

export function messageOf(block: string): Message {
  let kind = "";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "event") kind = value;
    else if (name === "id") id = value;
    else if (name === "data") data.push(value);
  }
  if (kind === "" || data.length === 0) return {};
  const frame: StreamFrame = { kind, ...JSON.parse(data.join("\n")) };
  return id === undefined ? { frame } : { frame, id };
}
