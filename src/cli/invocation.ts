import { hostname } from "node:os";
import { parseAccountName } from "../config/account.js";
import { parseFlowId } from "../config/flow-id.js";
import type { ResolvedConfig } from "../config/schema.js";
import { AccountAccess } from "../manager/account-access.js";
import { StateManager } from "../manager/state-manager.js";
import { printableJson, printableLines } from "../words/printable.js";
import { EXIT, type ExitCode, ProblemError, UsageError } from "./exit-code.js";
import { findFlows, noFlow } from "./flows.js";
import { configOf, type GlobalOptions, passwordsOf } from "./place.js";
import { redact } from "./redact.js";
import type { Terminal } from "./terminal.js";

/** One run of a command: the global options, and the ways to print an answer. */
export class Invocation {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  /** How the command ends unless it throws. */
  exitCode: ExitCode = EXIT.fine;
  #config: Promise<ResolvedConfig> | undefined;
  #passwords: string[] = [];

  constructor(terminal: Terminal, options: GlobalOptions) {
    this.terminal = terminal;
    this.options = options;
  }

  /** Whether the answer is for a program. */
  get json(): boolean {
    return this.options.json === true;
  }

  /** The configuration to open flows with. Throws a UsageError or a ConfigError. */
  async config(): Promise<ResolvedConfig> {
    this.#config ??= configOf(this.options);
    const config = await this.#config;
    this.#passwords = passwordsOf(config);
    return config;
  }

  /** Prints the value as JSON or, for a person, the text. */
  print(value: unknown, text: () => string): void {
    this.terminal.out(this.json ? `${printableJson(JSON.stringify(value, null, 2))}\n` : printableLines(text()));
  }

  /** Prints a problem on stderr; the command continues and ends with exit code 1. */
  problem(message: string): void {
    this.exitCode = EXIT.problem;
    this.complain(message);
  }

  complain(message: string): void {
    this.terminal.err(`sf-state: ${printableLines(this.redact(message))}\n`);
  }

  redact(text: string): string {
    const { url } = this.options;
    return redact(text, url === undefined ? this.#passwords : [...this.#passwords, ...credentialsIn(url)]);
  }

  /** Opens the flow that `--flow` names. Throws a StateError; a flow that is not there is not made. */
  async open(): Promise<StateManager> {
    return this.openFlow(await this.flowId());
  }

  /** Opens a flow that exists, at the place that was named. */
  async openFlow(flowId: string): Promise<StateManager> {
    return StateManager.open(flowId, await this.config(), { instanceId: operator(), existing: true });
  }

  /** An exchange account as such, at the named place; for a DuckDB file that of its flow, whose name may be left out. */
  async openAccount(name: string | undefined): Promise<AccountAccess> {
    const config = await this.config();
    const flowId = config.backend === "duckdb" ? await this.flowId() : undefined;
    const parsed = name === undefined ? undefined : parseAccountName(name);
    return AccountAccess.open(config, { name: parsed, flowId, instance: operator() });
  }

  /** The flow named by `--flow`, else by the configuration, else the only one. Throws a UsageError if that is not clear. */
  async flowId(): Promise<string> {
    const config = await this.config();
    const { flow = config.flow } = this.options;
    if (flow !== undefined) return parseFlowId(flow);
    const found = await findFlows(config);
    const { flows, failures } = found;
    const [only, ...others] = flows;
    if (only === undefined) throw new ProblemError(noFlow(config, found));
    if (others.length === 0 && failures.length === 0) return only;
    throw new UsageError(`which flow? Say --flow with one of ${flows.slice(0, 20).join(", ")}`);
  }

  /** Every flow at the place. A part of the place that cannot be asked is reported as a problem. */
  async allFlows(): Promise<readonly string[]> {
    if (this.options.flow !== undefined) throw new UsageError("give --flow or --all, not both");
    const config = await this.config();
    const found = await findFlows(config);
    const { flows, failures } = found;
    for (const { message } of failures) this.problem(message);
    if (flows.length === 0 && failures.length === 0) throw new ProblemError(noFlow(config, found));
    return flows;
  }

  /**
   * Asks a person before something is changed; with `yes`, they agreed by --yes. Throws a UsageError if nobody can be asked, a ProblemError if they say no.
   */
  async consent(question: string, yes: boolean | undefined): Promise<void> {
    if (yes) return;
    if (!this.terminal.isInteractive || this.json) {
      throw new UsageError(`${question} There is nobody to ask here: say --yes to agree; nothing was done`);
    }
    if (!(await this.terminal.confirm(question))) throw new ProblemError("not confirmed; nothing was done");
  }
}

/** Name of the operator in events: it distinguishes them from bots. */
function operator(): string {
  return `sf-state@${hostname()}:${process.pid}`;
}

function credentialsIn(url: string): string[] {
  const secret = /^\w+:\/\/[^:@]*:(.*)@/.exec(url)?.[1];
  return secret === undefined ? [] : [secret];
}
