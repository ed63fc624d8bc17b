import { UsageError } from "../../src/cli/exit-code.js";
import { type CcxtClient, ccxtExchange } from "../ccxt/ccxt-exchange.js";
import { PaperExchange } from "../paper/paper-exchange.js";
import type { Exchange } from "../port/exchange.js";

export interface ExchangeChoice {
  readonly exchange: string;
  readonly pairs?: readonly string[] | undefined;
  readonly hedged?: boolean | undefined;
  readonly exchangeOptions?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly unproven?: boolean | undefined;
}

/** Names of the environment variables of an exchange, and ccxt's names for them. */
const CREDENTIALS = {
  API_KEY: "apiKey",
  SECRET: "secret",
  PASSWORD: "password",
  WALLET_ADDRESS: "walletAddress",
  PRIVATE_KEY: "privateKey",
} as const;

/** The exchange that a command line names; its keys are in the environment. Throws a UsageError, or an ExchangeError `unsupported`. */
export async function openExchange(
  choice: ExchangeChoice,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Exchange> {
  const { exchange: id, pairs, hedged, sandbox, unproven = false } = choice;
  if (id.startsWith("paper:")) return new PaperExchange({ file: id.slice("paper:".length) });
  const client = await ccxtClient(id, { ...optionsOf(choice.exchangeOptions), ...credentialsOf(id, environment) });
  if (!client) throw new UsageError(`--exchange: ccxt knows no ${JSON.stringify(id)}; paper:FILE is a simulated one`);
  if (sandbox) client.setSandboxMode?.(true);
  return ccxtExchange(client, { ...(pairs && { pairs }), ...(hedged !== undefined && { hedged }), unproven });
}

function credentialsOf(id: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, field] of Object.entries(CREDENTIALS)) {
    const value = environment[`${id.toUpperCase()}_${name}`];
    if (value) found[field] = value;
  }
  return found;
}

function optionsOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const options = parsed(text);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError("--exchange-options: expected a JSON object");
  }
  const secret = Object.values(CREDENTIALS).find((field) => Object.hasOwn(options, field));
  if (secret)
    throw new UsageError(`--exchange-options: ${secret} belongs in the environment, where nobody reads over it`);
  return { ...options };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that cannot be read may still hold a key: it is not repeated.
    throw new UsageError("--exchange-options: expected a JSON object, and this is no JSON");
  }
}

/** A ccxt client; undefined if ccxt knows no such exchange. The user installs ccxt. */
async function ccxtClient(id: string, options: Record<string, unknown>): Promise<SandboxClient | undefined> {
  const { default: ccxt } = await import("ccxt").catch((error: unknown) => {
    throw new UsageError("--exchange needs ccxt, which is not installed here: npm install ccxt", { cause: error });
  });
  const Client = ccxt.exchanges.includes(id) ? Reflect.get(ccxt, id) : undefined;
  return typeof Client === "function" ? Reflect.construct(Client, [options]) : undefined;
}

type SandboxClient = CcxtClient & { setSandboxMode?(on: boolean): void };
