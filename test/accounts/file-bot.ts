/** A bot of a flow in a file that joins an account, trades, and is killed: the process that `file.test.ts` starts. */
import { StateManager } from "../../src/index.js";
import { configOf, trade } from "./file.js";

const mgr = await StateManager.open("bot", configOf(process.argv[2] ?? ""), { instanceId: "bot-1" });
await trade(mgr);
process.send?.(await mgr.getAccount(), () => process.kill(process.pid, "SIGKILL"));
