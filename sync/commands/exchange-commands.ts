/** The commands that need what is in `sync/`; those that do not are in `src/cli`, which knows nothing of this folder. */
import type { AddCommand } from "../../src/cli/command.js";
import { addDemo } from "./demo.js";
import { addRecover } from "./recover.js";
import { addRecovery } from "./recovery.js";
import { addServe } from "./serve.js";
import { addTop } from "./top.js";

export const EXCHANGE_COMMANDS: readonly AddCommand[] = [addRecover, addRecovery, addDemo, addTop, addServe];
