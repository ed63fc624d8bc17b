/** Where the alerts of a configuration are sent. */
import { readFile } from "node:fs/promises";
import type { AlertsConfig } from "../config/schema.js";
import { webhookFault } from "../config/webhook-url.js";
import { errorText } from "../words/error-text.js";
import { program } from "./command.js";
import type { Sink } from "./sink.js";
import { webhook } from "./webhook.js";

/** Files are read each time something is sent, so that they may change. If a file is wrong, that sending fails and is tried again. */
export function configuredSink(config: AlertsConfig): Sink {
  const { exec } = config;
  return exec === undefined ? { send: async (alerts) => (await webhookOf(config)).send(alerts) } : program(exec);
}

async function webhookOf({ webhook: said, webhook_file, template, chat, secret_file }: AlertsConfig): Promise<Sink> {
  const url = said ?? (await textIn("alerts.webhook_file", webhook_file ?? ""));
  const fault = webhookFault(url);
  if (fault !== undefined) throw new Error(`alerts.webhook_file: expected ${fault}`);
  const secret = secret_file === undefined ? undefined : await textIn("alerts.secret_file", secret_file);
  return webhook({ url, template, ...(chat !== undefined && { chat }), ...(secret !== undefined && { secret }) });
}

async function textIn(key: string, file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new Error(`${key}: ${errorText(error)}`);
  }
  if (text === "") throw new Error(`${key}: ${file} is empty`);
  return text;
}
