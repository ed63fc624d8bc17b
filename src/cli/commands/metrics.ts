import { once } from "node:events";
import { fleetText } from "../../metrics/fleet.js";
import { loadPromClient } from "../../metrics/load.js";
import { watchedOf } from "../../wants/watched.js";
import { duration } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { Complaints } from "../complaints.js";
import { UsageError } from "../exit-code.js";
import { noFlow } from "../flows.js";
import { cannotListen } from "../listening.js";
import { FlowReadings } from "../metrics/flow-readings.js";
import { isLoopback, listen, listenAddress } from "../metrics/listen.js";
import { serverInfos } from "../metrics/server-infos.js";

export const addMetrics: AddCommand = (program, run) => {
  program
    .command("metrics")
    .description(
      "Print metrics of all flows of a Redis, or of a folder of DuckDB files, for Prometheus; with --listen, serve them. Needs the package prom-client.",
    )
    .option("--listen <address>", "answer at http://ADDRESS/metrics until Ctrl-C, such as 127.0.0.1:9464")
    .option("--host <name...>", "other names, as NAME:PORT, by which Prometheus asks: what a Host header may say")
    .option("--any-address", "listen also where other machines can ask: nobody is asked for a password")
    .option(
      "--max-age <duration>",
      "a flow is stale if its last heartbeat is older than this, or missing [recovery.max_state_age]",
      duration,
    )
    .addHelpText(
      "after",
      "\nAlert rules and a Grafana dashboard are in the package: node_modules/signalflow-state/metrics.\n\nExample:\n  $ sf-state metrics --url redis://localhost:6379 --listen 127.0.0.1:9464",
    )
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (invocation.options.flow !== undefined)
          throw new UsageError("metrics are about all flows: leave out --flow");
        if (invocation.json) throw new UsageError("metrics have the text format of Prometheus: leave out --json");
        const address = options.listen === undefined ? undefined : listenAddress(options.listen);
        if (address && !isLoopback(address.host) && !options.anyAddress) {
          throw new UsageError(
            `--listen ${options.listen}: other machines could ask there, and nobody is asked for a password: say --any-address if that is meant`,
          );
        }
        const client = await loadPromClient();
        const config = await invocation.config();
        const watched = watchedOf(config, options.maxAge);
        await using readings = new FlowReadings(invocation, watched);
        const complaints = new Complaints(invocation);
        const text = async () => {
          const [{ flows, failures }, servers] = await Promise.all([readings.read(), serverInfos(config)]);
          complaints.tell(flows.length === 0 && failures.length === 0 ? [noFlow(config, {})] : failures);
          return fleetText(client, flows, watched, servers);
        };
        if (!address) {
          invocation.terminal.out(await text());
          return;
        }
        const end = invocation.terminal.interrupted();
        const server = await listen(address, options.host ?? [], text).catch((error: unknown) => {
          throw cannotListen(options.listen, error);
        });
        const told = server.address();
        const port = typeof told === "object" && told !== null ? told.port : address.port;
        const host = address.host.includes(":") ? `[${address.host}]` : address.host;
        invocation.terminal.err(`sf-state: metrics at http://${host}:${port}/metrics\n`);
        if (!end.aborted) await once(end, "abort");
        server.close();
        server.closeAllConnections();
      }),
    );
};
