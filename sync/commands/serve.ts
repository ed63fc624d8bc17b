import { fileURLToPath } from "node:url";
import type { AddCommand } from "../../src/cli/command.js";
import { UsageError } from "../../src/cli/exit-code.js";
import type { Invocation } from "../../src/cli/invocation.js";
import { cannotListen } from "../../src/cli/listening.js";
import { type Place, placeAt } from "../../src/page/place.js";
import { PageServer } from "../../src/page/server.js";
import type { PlanAnswer } from "../../src/page/wire.js";
import type { RecoveryState } from "../../src/types.js";
import { printable } from "../../src/words/printable.js";
import { planRows } from "../plan/plan-text.js";
import { doorOf, listenAddress, tellToken, tlsOf, tokenOf } from "./serve-door.js";
import { waitingPlan } from "./waiting-plan.js";

/** The page as built by `npm run build`, or the one in .cache if the server runs from source, as its tests do. */
const PAGE = import.meta.url.endsWith(".ts") ? "../../.cache/page/" : "../../page/";

const HELP = `
The page shows all flows of --url or --config, and of each --folder. Whoever has the token may change what it shows: it is in --token-file or in
SF_STATE_TOKEN, never an argument, which everybody on the machine could read. On a loopback address without one, a token is made for this run: a terminal
shows the link that carries it, else it is written to a file that only you can read. Without the token the page is read-only.

Elsewhere than on this machine: through ssh -L 8787:127.0.0.1:8787, behind a proxy that speaks TLS (--behind-proxy https://bots.example.org; it has to
pass the Host on, and not to buffer), or with --tls-cert and --tls-key. There the token is needed to look, too.

Example:
  $ sf-state serve --url redis://localhost:6379 --folder state/`;

export const addServe: AddCommand = (program, run) => {
  program
    .command("serve")
    .description("Serve the operator's page: all flows in a browser, with what needs you first, live.")
    .option("--listen <address>", "where: HOST:PORT", "127.0.0.1:8787")
    .option("--folder <dir...>", "also the flows in a folder of DuckDB files")
    .option("--name <name>", "what a change of all flows is confirmed with, such as production [all flows]")
    .option("--read-only", "change nothing, whoever asks")
    .option("--token-file <file>", "the token that may change something [SF_STATE_TOKEN]")
    .option("--tls-cert <file>", "speak TLS: the certificate, PEM; its names are those of the page")
    .option("--tls-key <file>", "its key, PEM")
    .option("--behind-proxy <origin>", "the page's address for browsers, such as https://bots.example.org")
    .addHelpText("after", HELP)
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (invocation.options.flow !== undefined) throw new UsageError("serve shows all flows: leave out --flow");
        const { listen, name = "all flows", folder = [] } = options;
        if (name.trim() === "")
          throw new UsageError("--name: expected a name that a person can type, such as production");
        const at = listenAddress(listen);
        const tls = await tlsOf(options);
        const token = await tokenOf(options, at.isLoopback, (message) => invocation.complain(message));
        const door = doorOf(options, at, tls, token?.text);
        const places = await placesOf(invocation, folder);
        const end = invocation.terminal.interrupted();
        await using server = await PageServer.listen(
          {
            places,
            name,
            app: fileURLToPath(new URL(PAGE, import.meta.url)),
            gate: door.gate,
            ...(tls && { tls }),
            planOf: planAnswer,
            log: (line) => invocation.terminal.err(`${printable(line)}\n`),
          },
          at,
        ).catch((error: unknown) => {
          throw cannotListen(listen, error);
        });
        const url = door.url(server.port);
        await using told = await tellToken(invocation.terminal, url, token);
        invocation.print({ url, places: places.map((place) => place.name), ...told.json }, () =>
          [`${url}/`, ...told.words, ...places.map((place) => `shows ${place.name}`), "Ctrl-C ends it"]
            .join("\n")
            .concat("\n"),
        );
        await new Promise<void>((resolve) => {
          if (end.aborted) resolve();
          end.addEventListener("abort", () => resolve(), { once: true });
        });
      }),
    );
};

/** The places that `--url`, `--duckdb` or `--config` name, and each folder. */
async function placesOf({ terminal, options }: Invocation, folders: readonly string[]): Promise<Place[]> {
  const { config, url, duckdb } = options;
  const isNamed = [config, url, duckdb].some((said) => said !== undefined);
  if (!isNamed && folders.length === 0) {
    throw new UsageError("where are the flows? Say --url redis://localhost:6379, --config bot.yaml or --folder state/");
  }
  const places: Place[] = [];
  // With folders, the configuration may be there for its limits only.
  if (isNamed && (url !== undefined || duckdb !== undefined || folders.length === 0)) {
    places.push(await placeAt(duckdb === undefined ? "redis" : "files", terminal, options));
  }
  for (const [at, folder] of folders.entries()) {
    const settings = config === undefined ? {} : { config };
    places.push(await placeAt(`folder-${at + 1}`, terminal, { ...settings, duckdb: folder }));
  }
  return places;
}

/** The plan that waits in a recovery, as the page shows it. */
export function planAnswer(recovery: RecoveryState): PlanAnswer | undefined {
  const plan = waitingPlan(recovery);
  if (!plan) return undefined;
  const { hash, at, exchange, mode, omitted, waiting, notes } = plan;
  return {
    hash,
    at,
    exchange,
    mode,
    actions: planRows(plan),
    omitted,
    waiting: waiting.map(({ subject, why }) => ({ subject, why })),
    notes,
  };
}
