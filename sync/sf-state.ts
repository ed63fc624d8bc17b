#!/usr/bin/env node
/** The command `sf-state`: the command line of `src/cli`, and the commands that need an exchange. */
import "../src/dispose-symbols.js";

import { runProgram } from "../src/cli/commands/program.js";
import { processTerminal } from "../src/cli/terminal.js";
import { EXCHANGE_COMMANDS } from "./commands/exchange-commands.js";

const terminal = processTerminal();
process.exitCode = await runProgram(process.argv.slice(2), terminal, EXCHANGE_COMMANDS);
await terminal.flush();
