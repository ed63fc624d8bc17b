/**
 * As `holder.ts`, where the system refuses every socket that is to be listened at, as file systems and containers do that have none:
 * `holder-without-sockets.ts PATH CODE`. What it is warned of comes first, a line each. Then it saves a position for each line, or closes.
 */
import { Server } from "node:net";
import { createInterface } from "node:readline";
import { StateError } from "../../src/errors.js";
import { savePosition } from "../../src/operations/save-position.js";
import { backend } from "./backend.js";
import { position } from "./samples.js";

const [path = "", code = ""] = process.argv.slice(2);
Object.defineProperty(Server.prototype, "listen", {
  value(this: Server) {
    queueMicrotask(() => this.emit("error", Object.assign(new Error(`listen ${code}`), { code })));
    return this;
  },
});

const held = backend(path, { warn: (message) => console.log(`warned ${message}`) });
try {
  await held.connect();
  console.log("open");
} catch (error) {
  console.log(error instanceof StateError ? `${error.code} ${error.message.replaceAll("\n", " ")}` : String(error));
  process.exit();
}
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "close") {
    await held.close();
    console.log("closed");
  } else {
    const outcome = held.execute(savePosition, position(line), "").then(() => "saved", codeOf);
    console.log(await outcome);
  }
}

function codeOf(error: unknown): string {
  return error instanceof StateError ? error.code : String(error);
}
