import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Option } from "@commander-js/extra-typings";
import { Alerter } from "../../alerts/alerter.js";
import { program as runner } from "../../alerts/command.js";
import type { Sink } from "../../alerts/sink.js";
import { webhook } from "../../alerts/webhook.js";
import { quietHours } from "../../config/quiet-hours.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { webhookFault } from "../../config/webhook-url.js";
import { CorruptStateError } from "../../errors.js";
import { unreadable, wantsOf } from "../../wants/wants.js";
import { type Watched, watchedOf } from "../../wants/watched.js";
import { errorText } from "../../words/error-text.js";
import { oneOfWords, TEMPLATES, USUAL_WANTS, WANT_KINDS, type WantKind, wordOf } from "../../words/word-lists.js";
import { duration } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { Complaints } from "../complaints.js";
import { ProblemError, UsageError } from "../exit-code.js";
import { noFlow } from "../flows.js";
import { FlowReadings } from "../metrics/flow-readings.js";

const HOUR = 3_600_000;
const SETTLE = 30_000;

export const addAlert: AddCommand = (program, run) => {
  program
    .command("alert")
    .description(
      "Send alerts about all flows of a Redis, or of a folder of DuckDB files, until Ctrl-C. It is a process of its own, so it reports dead bots, too.",
    )
    .addOption(
      new Option("--on <kinds>", `which kinds, of ${WANT_KINDS.join(", ")}`)
        .argParser(kinds)
        .default([...USUAL_WANTS], USUAL_WANTS.join(",")),
    )
    .option(
      "--webhook <url>",
      "https://, or http:// on this machine; one with a secret in it belongs into --webhook-file",
    )
    .option("--webhook-file <file>", "a file with that URL; or SF_STATE_WEBHOOK [of the environment]")
    .addOption(new Option("--template <name>", "what the webhook takes").choices(TEMPLATES).default("json"))
    .option("--chat <id>", "the chat, of --template telegram")
    .option("--secret-file <file>", "what signs a request: HMAC-SHA256 in X-SF-Signature; or SF_STATE_ALERT_SECRET")
    .option("--exec <program>", "run without a shell, JSON on its standard input, SF_ALERT_* in its environment")
    .option("--again <duration>", "send the same again while it lasts [1h]", duration)
    .option(
      "--settle <duration>",
      "something that may flicker is reported, and reported as over, only after this time [30s]",
      duration,
    )
    .option("--quiet-hours <hours>", "UTC, such as 22:00-07:00: meanwhile only critical alerts are sent")
    .option("--state <file>", "keeps over restarts what was sent", "sf-state-alerts.json")
    .option("--every <duration>", "how often the flows are read [5s]", duration)
    .option("--once", "read once, send the alerts, and end; ends with 1 if some could not be sent")
    .option(
      "--max-age <duration>",
      "a flow is stale if its last heartbeat is older than this, or missing [recovery.max_state_age]",
      duration,
    )
    .addHelpText(
      "after",
      "\nEach alert arrives at least once, also if this process is killed: an alert that was being sent then is sent again under the same id. When something is over, that is sent, too.\n\nExample:\n  $ sf-state alert --url redis://localhost:6379 --template slack --webhook-file /run/secrets/slack --quiet-hours 22:00-07:00",
    )
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (invocation.options.flow !== undefined) throw new UsageError("alert is about all flows: leave out --flow");
        const { sink, secrets } = await sinkOf(options);
        const quiet = options.quietHours === undefined ? undefined : quietHours(options.quietHours);
        if (options.quietHours !== undefined && !quiet) {
          throw new UsageError(
            `--quiet-hours: expected hours such as 22:00-07:00, got ${JSON.stringify(options.quietHours)}`,
          );
        }
        const config = await invocation.config();
        const watched = watchedOf(config, options.maxAge);
        const hide = (text: string) => secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
        const alerter = new Alerter(sink, {
          on: options.on,
          again: Number(options.again ?? HOUR),
          settle: Number(options.settle ?? SETTLE),
          ...(quiet && { quiet }),
          file: options.state,
          warn: (message) => invocation.complain(hide(message)),
        });
        await alerter.begin().catch((error: unknown) => {
          if (error instanceof CorruptStateError) throw error;
          throw new UsageError(`--state ${options.state}: cannot be written: ${errorText(error)}`);
        });
        await using readings = new FlowReadings(invocation, watched);
        const complaints = new Complaints(invocation);
        /** Reads and tells once; resolves to whether something waits. What cannot be kept in the file is told all the same. */
        const tell = async () => {
          const { wants, isKnown, failures } = await wantsIn(readings, config, watched);
          const unkept: string[] = [];
          const complain = (error: unknown) => {
            unkept.push(`--state ${options.state}: ${errorText(error)}`);
          };
          await alerter.notice(wants, isKnown).catch(complain);
          const wait = await alerter.send().catch(complain);
          complaints.tell([...failures, ...unkept]);
          return wait !== undefined || unkept.length > 0;
        };
        if (options.once) {
          if (await tell()) throw new ProblemError("alerts could not be sent and wait: run it again");
          return;
        }
        const end = invocation.terminal.interrupted();
        const every = Number(options.every ?? 5000);
        while (!end.aborted) {
          await tell();
          await pause(every, undefined, { signal: end }).catch(() => {});
        }
      }),
    );
};

/** What wants a person now, of which flows that is known, and what could not be read. */
async function wantsIn(readings: FlowReadings, config: ResolvedConfig, watched: Watched) {
  const { flows, failures } = await readings.read();
  const wants = flows.flatMap((flow) =>
    "reading" in flow ? wantsOf(flow.reading, flow.now, watched) : [unreadable(flow.flowId, flow.error)],
  );
  const read = new Set(flows.filter((flow) => "reading" in flow).map(({ flowId }) => flowId));
  const listed = new Set(flows.map(({ flowId }) => flowId));
  return {
    wants,
    // A flow that is gone needs nobody any more; one that cannot be read may.
    isKnown: (flowId: string) => read.has(flowId) || (failures.length === 0 && !listed.has(flowId)),
    failures: flows.length === 0 && failures.length === 0 ? [noFlow(config, {})] : failures,
  };
}

interface Receiver {
  readonly webhook?: string | undefined;
  readonly webhookFile?: string | undefined;
  readonly template: (typeof TEMPLATES)[number];
  readonly chat?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly exec?: string | undefined;
}

async function sinkOf(said: Receiver): Promise<{ readonly sink: Sink; readonly secrets: readonly string[] }> {
  const { SF_STATE_WEBHOOK, SF_STATE_ALERT_SECRET } = process.env;
  const given = [said.webhook, said.webhookFile, said.exec].filter((each) => each !== undefined);
  if (given.length > 1) throw new UsageError("give one of --webhook, --webhook-file and --exec");
  if (said.exec !== undefined) return { sink: runner(said.exec), secrets: [] };
  const url =
    said.webhook ??
    (said.webhookFile === undefined ? SF_STATE_WEBHOOK : await secretIn("--webhook-file", said.webhookFile));
  if (url === undefined || url === "") {
    throw new UsageError(
      "no receiver was given: say --webhook URL, --webhook-file FILE or --exec PROGRAM, or set SF_STATE_WEBHOOK",
    );
  }
  const fault = webhookFault(url);
  if (fault !== undefined) throw new UsageError(`the webhook: expected ${fault}`);
  const isTelegram = said.template === "telegram";
  if (isTelegram && said.chat === undefined)
    throw new UsageError("--template telegram needs --chat, the id of the chat");
  const secret =
    said.secretFile === undefined ? SF_STATE_ALERT_SECRET : await secretIn("--secret-file", said.secretFile);
  if (secret === "") throw new UsageError("the secret is empty");
  const sink = webhook({
    url,
    template: said.template,
    ...(secret !== undefined && { secret }),
    ...(said.chat !== undefined && { chat: said.chat }),
  });
  return { sink, secrets: secret === undefined ? [url] : [url, secret] };
}

async function secretIn(option: string, file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new UsageError(`${option}: ${errorText(error)}`);
  }
}

function kinds(text: string): WantKind[] {
  return text.split(",").map((each) => {
    const kind = wordOf(WANT_KINDS, each.trim());
    if (kind !== undefined) return kind;
    throw new UsageError(`--on: expected ${oneOfWords(WANT_KINDS)}, got ${JSON.stringify(each)}`);
  });
}
