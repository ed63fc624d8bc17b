import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** Calls back for every line that arrives, without its end. A line of more than `most` characters destroys the socket. */
export function onLine(socket: Socket, tell: (line: string) => void, most = Number.POSITIVE_INFINITY): void {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let length = 0;
  socket.on("data", (bytes) => {
    const [first = "", ...rest] = decoder.write(bytes).split("\n");
    parts.push(first);
    length += first.length;
    for (const next of rest) {
      const line = parts.join("");
      parts = [next];
      length = next.length;
      tell(line);
    }
    if (length > most) socket.destroy();
  });
}
