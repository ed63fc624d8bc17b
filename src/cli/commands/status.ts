import { watchedOf } from "../../wants/watched.js";
import { duration } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import { placeName } from "../flows.js";
import { WIDE_WORDS } from "../narrow.js";
import { type FlowStatus, nowOf, sourceOf } from "../status/flow-status.js";
import { needScreen, repaint } from "../status/repaint.js";
import { alarmsOf, statusText } from "../status/status-text.js";

export const addStatus: AddCommand = (program, run) => {
  program
    .command("status")
    .description(
      "Show how a flow stands. Ends with 1 when its breaker is tripped, it is recovering or stale, a bot is dead, or the result of a trade is not told.",
    )
    .option("--watch", "repaint in place until Ctrl-C")
    .option("--wide", WIDE_WORDS)
    .option(
      "--max-age <duration>",
      "a flow is stale if its last heartbeat is older than this, or missing [recovery.max_state_age]",
      duration,
    )
    .addHelpText("after", "\nExample:\n  $ sf-state status --flow bot --url redis://localhost:6379 --watch")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { terminal } = invocation;
        if (options.watch) needScreen(invocation);
        const config = await invocation.config();
        const flowId = await invocation.flowId();
        const place = placeName(config, flowId);
        const watched = watchedOf(config, options.maxAge);
        await using source = await sourceOf(invocation, flowId);

        const alarms = (status: FlowStatus) => alarmsOf(status, nowOf(status), watched);
        const text = (status: FlowStatus) => statusText(terminal, status, place, nowOf(status), watched, options.wide);

        if (options.watch) {
          await repaint(invocation, {
            text: async () => text(await source.read()),
            changed: (signal) => source.changed(signal),
          });
          return;
        }
        const status = await source.read();
        const { snapshot, ...rest } = status;
        invocation.print({ place, alarms: alarms(status), ...rest, ...snapshot }, () => text(status));
        if (alarms(status).length > 0) invocation.exitCode = EXIT.problem;
      }),
    );
};
