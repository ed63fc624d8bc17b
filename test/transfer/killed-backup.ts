/**
 * A bot that marks signals in four lanes, and backs itself up without end: `killed-backup.ts CONFIG FOLDER`. It prints every step when its
 * promise has resolved: `saved LANE-N`, `begin NAME` before it begins a backup, `done NAME`.
 */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Config, StateManager } from "../../src/index.js";

const [config = "", folder = ""] = process.argv.slice(2);
const parsed: Config = JSON.parse(config);
const bot = await StateManager.open("bot", parsed);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function lane(name: string): Promise<never> {
  for (let n = 1; ; n++) {
    await bot.markSignalProcessed(`${name}-${n}`, "BTC/USDT");
    say(`saved ${name}-${n}`);
    await setImmediate();
  }
}

async function backups(): Promise<never> {
  for (let n = 1; ; n++) {
    say(`begin ${n}`);
    await bot.backup(join(folder, `${n}`));
    say(`done ${n}`);
  }
}

await Promise.all([...["a", "b", "c", "d"].map(lane), backups()]);
