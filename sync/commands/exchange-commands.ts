/** The commands that need what is in `sync/`; those that do not are in `src/cli`, which knows nothing of this folder. */
import type { Commands } from "../../src/cli/command.js";

export const EXCHANGE_COMMANDS: Commands = {
  recover: async () => (await import("./recover.js")).addRecover,
  recovery: async () => (await import("./recovery.js")).addRecovery,
  demo: async () => (await import("./demo.js")).addDemo,
  top: async () => (await import("./top.js")).addTop,
  serve: async () => (await import("./serve.js")).addServe,
};
