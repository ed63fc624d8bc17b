#!/usr/bin/env node
/** The command `sf-state`: the command line of `src/cli`, and the commands that need an exchange. */
import { type AddCommand, runProgram } from "../src/cli/program.js";
import { processTerminal } from "../src/cli/terminal.js";

const WITH_EXCHANGE: readonly AddCommand[] = [];

const terminal = processTerminal();
process.exitCode = await runProgram(process.argv.slice(2), terminal, WITH_EXCHANGE);
await terminal.flush();
