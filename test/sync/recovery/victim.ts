/**
 * A process that recovers, and kills itself (SIGKILL) at a step: `victim.ts CONFIG FLOW EXCHANGE_FILE SCENE STEP NOW`; at step 0 it
 * lives on. Says how many steps it took.
 */
import { StateManager } from "../../../src/index.js";
import { PaperExchange, recover } from "../../../sync/index.js";
import { Life } from "./mortal.js";
import { SCENES } from "./scene.js";

const [config = "{}", flow = "", file = "", sceneName, step = "0", now = "0"] = process.argv.slice(2);
const scene = SCENES.find(({ name }) => name === sceneName);
if (!scene) throw new Error(`no scene ${sceneName}`);

let ticks = 0;
const exchange = new PaperExchange({ file, clock: () => Number(now) + ticks++ });
const mgr = await StateManager.open(flow, JSON.parse(config), { clock: () => Number(now), instanceId: "bot" });
const endsAt = step === "0" ? Number.POSITIVE_INFINITY : Number(step);
const life = new Life(endsAt, () => process.kill(process.pid, "SIGKILL"));
const report = await recover(life.share(mgr), life.share(exchange), scene.options);
await mgr.close();
await exchange.close();
console.log(JSON.stringify({ steps: life.steps, status: report.status }));
