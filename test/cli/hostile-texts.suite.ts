import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { some } from "../long.js";
import { PageStand } from "../page/page-stand.js";
import { sfState } from "./command.js";
import { ESCAPE } from "./escape.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const FORMULAS = [
  '=HYPERLINK("http://x","y")',
  "+1+1",
  "-1+1|cmd",
  "@SUM(1)",
  "\t=1",
  "\ufeff=1+1",
  "\u200b@1",
  "\u00a0-2",
];
const CONTROLS = [
  `${ESCAPE}[8m${ESCAPE}[45mhidden`,
  `${ESCAPE}]0;title\u0007`,
  `${ESCAPE}]8;;http://x${ESCAPE}\\link`,
  "\u009b8m c1 \u009d0;t\u009c",
  "\u202egnp.exe\u2066\u2069",
  "a\u200b\u2060\u00ad\u180eb",
  "\u{e0041}\u{e007f}tags",
  "\b\b\b\rover",
];
const MARKUP = [
  "<img src=x onerror=alert(1)>",
  '"><script>alert(1)</script>',
  "a|b\\|c|",
  "back\\",
  "`code` [l](javascript:alert(1)) <http://x>",
  "# h\n| x | y |\n|---|---|\n",
  "x\r\n=1,2\n\n-3",
];
const SHELL = ["$(touch pwned)`touch pwned`", "'; touch pwned; '", '"; touch pwned; "', "~/*?[a]{b,c} && touch pwned"];
const TEXTS = [...FORMULAS, ...CONTROLS, ...MARKUP, ...SHELL];

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** The only ones that a terminal gets: bold, dim, four colours, and their ends. */
const OURS = new RegExp(`${ESCAPE}\\[(?:[12]|22|3[1236]|39)m`, "g");
/** A progress bar that is taken away again. */
const CLEARED = `\r${ESCAPE}[2K`;
/** What a spreadsheet may take for the begin of a formula, whatever that it does not show stands before it. */
const FORMULA = /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*[=+\-@]/u;

export function hostileTexts(test: Test, stand: Stand): void {
  /** All texts in all fields, in Redis and in a file that a bot has open; how to name each on the command line. */
  async function stored(): Promise<Made> {
    const account = newFlowId();
    const flow = newFlowId();
    const redis = await stand.ownConfig({
      account: { name: account, currency: "USDT" },
      risk: { max_open_positions: 1 },
    });
    await fill(flow, redis.config);
    const path = join(stand.folder, `${flow}.db`);
    const file: Config = { backend: "duckdb", duckdb: { path }, risk: { currency: "USDT", max_open_positions: 1 } };
    await fill(flow, file);
    const open = await StateManager.open(flow, file, { instanceId: TEXTS[8] ?? "" });
    return {
      places: [
        ["--config", redis.file, "--flow", flow],
        ["--duckdb", path],
      ],
      account: ["--config", redis.file],
      close: () => open.close(),
    };
  }

  interface Made {
    readonly places: readonly (readonly string[])[];
    readonly account: readonly string[];
    close(): Promise<void>;
  }

  async function fill(flow: string, config: Config): Promise<void> {
    for (const text of TEXTS) {
      await using bot = await StateManager.open(flow, config, { instanceId: text });
      const pair = `${text}/USDT`;
      const metadata = { strategy: text, [text]: text };
      await bot.saveOrder({ id: text, pair, side: "buy", size: 1, price: 100, signalId: text, metadata });
      await bot.recordFill(text, { fillId: text, price: 100, size: 1 });
      await bot.bookCash(-0.5, { id: text, kind: "funding", pair, positionId: text, note: text });
      await bot.closePosition(text, { pnl: -3, reason: text, cooldown: "1h" });
      await bot.savePosition({ id: `${text}.`, pair, side: "long", size: 1, entryPrice: 1, metadata });
      await bot.saveOrder({ id: `${text}.`, pair, side: "sell", size: 1, price: 100, intent: "exit", metadata });
      await bot.markSignalProcessed(text, pair);
      await bot.setCooldown(pair, "1h", { reason: text });
      await bot.admit({ signalId: `${text}!`, pair, side: "long", size: 1, price: 1 });
      await bot.recordTransfer(1, { id: text });
      await bot.reportDifference({ subject: text, found: text, reads: 2 });
      await bot.triggerCircuitBreaker(text, "1h");
      await bot.heartbeat();
    }
  }

  let making: Promise<Made> | undefined;
  const made = () => {
    making ??= stored();
    return making;
  };

  /** The trades as the operator's page sends them. */
  async function pageCsv([kind, where = "", , named = basename(where, ".db")]: readonly string[]): Promise<string> {
    const isFile = kind === "--duckdb";
    await using page = await PageStand.start(isFile ? { folder: dirname(where) } : { url: stand.url, config: where });
    const path = `/api/flow/${isFile ? "folder-1" : "redis"}/${named}/export/trades.csv`;
    const { status, text, headers } = await page.ask(path);
    assert.is(status, 200, text);
    assert.is(headers["content-disposition"], `attachment; filename="${named}-trades.csv"`);
    return text;
  }

  /** No control, no direction, nothing unseen; line breaks only where our own lines end. */
  function steersNothing(what: string, text: string): void {
    const found = UNSEEN.exec(text.replaceAll("\n", ""));
    if (found)
      assert.unreachable(`${what}: ${JSON.stringify(text.slice(Math.max(0, found.index - 80), found.index + 40))}`);
  }

  const LOOKS: readonly (readonly string[])[] = [
    ["status"],
    ["positions"],
    ["orders"],
    ["signals"],
    ["refusals", "--limit", "100"],
    ["cooldowns"],
    ["risk"],
    ["history"],
    ["trades", "--limit", "100"],
    ...["pair", "signal", "reason", "strategy"].map((by) => ["report", "--by", by]),
    ["events", "--limit", "1000"],
    ["breaker"],
    ["doctor"],
    ["recovery", "show"],
    ...["trades", "fills", "events", "equity", "orders_all"].map((table) => ["sql", `select * from ${table}`]),
  ];

  test("no stored text steers a terminal: what is printed into a pipe", async () => {
    const { places, account } = await made();
    for (const place of places) {
      for (const args of some(LOOKS, 5)) {
        const { code, stdout, stderr } = await sfState([...args, ...place]);
        assert.ok(code === 0 || code === 1, `${args}: ${stderr}`);
        steersNothing(`${args} ${place}`, stdout + stderr);
      }
    }
    for (const args of [
      ["account", "show"],
      ["account", "status"],
    ]) {
      const { code, stdout, stderr } = await sfState([...args, ...account]);
      assert.ok(code === 0 || code === 1, `${args}: ${stderr}`);
      steersNothing(`${args}`, stdout + stderr);
    }
  });

  test("no stored text steers a terminal: what is printed on one", async () => {
    const { places } = await made();
    for (const place of places) {
      const on = [["status"], ["positions"], ["trades"], ["events"], ["report", "--by", "reason"], ["doctor"]];
      for (const args of some([...on, ["trades", "--csv"], ["sql", "--csv", "select * from trades"]], 3)) {
        using terminal = new PseudoTerminal([...args, ...place]);
        const code = await terminal.ended();
        assert.ok(code === 0 || code === 1, `${args}: ${terminal.text}`);
        steersNothing(
          `${args} ${place}`,
          terminal.written.replace(OURS, "").replaceAll(CLEARED, "").replaceAll("\r\n", "\n"),
        );
      }
    }
  });

  test("JSON holds the texts as they are, and nothing unseen", async () => {
    const { places } = await made();
    for (const [n, args] of some(LOOKS, 5).entries()) {
      const { stdout, stderr } = await sfState([...args, "--json", ...(places[n % places.length] ?? [])]);
      steersNothing(`${args} --json`, stdout + stderr);
      JSON.parse(stdout);
    }
    for (const place of places) {
      const trades: { id: string; reason: string }[] = JSON.parse(
        (await sfState(["trades", "--json", ...place])).stdout,
      );
      assert.equal(
        trades.map(({ id, reason }) => [id, reason]),
        TEXTS.map((text) => [text, text]),
      );
    }
  });

  test("no cell of a CSV is a formula, and each text is in a cell of its own", async () => {
    const { places } = await made();
    for (const [n, place] of places.entries()) {
      const files = [];
      for (const what of ["trades", ...some(["fills", "events"], 1)]) {
        const to = join(stand.folder, `hostile-${n}-${what}.csv`);
        const { code, stderr } = await sfState(["export", what, "--to", to, ...place]);
        assert.is(code, 0, stderr);
        files.push(readFileSync(to, "utf8"));
      }
      for (const args of some([["trades"], ["sql", "select * from trades"], ["sql", "select * from events"]], 1)) {
        files.push((await sfState([...args, "--csv", ...place])).stdout);
      }
      files.push(await pageCsv(place));
      for (const csv of files) {
        const [head = [], ...rows] = cellsOf(csv);
        assert.ok(rows.length >= TEXTS.length);
        for (const row of rows) {
          assert.is(row.length, head.length, row.join(","));
          for (const cell of row) if (!/^-?[\d.]+(e-?\d+)?$/.test(cell)) assert.not.match(cell, FORMULA);
        }
      }
      for (const trades of [files[0] ?? "", files.at(-1) ?? ""]) {
        const [head = [], ...rows] = cellsOf(trades);
        const ids = rows.map((row) => row[head.indexOf("id")]?.replace(/^'(?!;)/, ""));
        assert.equal(ids, TEXTS);
        // A loss is a number, though it begins with a minus.
        assert.ok(rows.every((row) => row[head.indexOf("pnl")] === "-3.5"));
      }
    }
  });

  test("no text is markup in a Markdown report", async () => {
    const { places } = await made();
    const [place = []] = places;
    for (const by of some(["pair", "signal", "reason", "strategy"], 2)) {
      const { code, stdout, stderr } = await sfState(["report", "--md", "--by", by, ...place]);
      assert.is(code, 0, stderr);
      steersNothing(`report --md --by ${by}`, stdout);
      for (const line of stdout.split("\n")) {
        const prose = withoutCode(line);
        assert.not.match(prose, /(?<!\\)(?:\\\\)*[<[`]/, line);
      }
      const groups = stdout.split(/^## /m).find((part) => part.startsWith(`By ${by}`)) ?? "";
      const [, head = "", , ...rows] = groups.split("\n").filter((line) => line !== "");
      assert.is(rows.length, TEXTS.length, groups);
      for (const row of rows) assert.is(columnsOf(row), columnsOf(head), row);
    }
  });

  test("no text is markup in an HTML report", async () => {
    const { places } = await made();
    const [place = []] = places;
    const own = await sfState(["report", "--html", "--by", "side", ...place]);
    const known = tagsOf(own.stdout);
    for (const by of some(["pair", "signal", "reason", "strategy"], 2)) {
      const { code, stdout, stderr } = await sfState(["report", "--html", "--by", by, ...place]);
      assert.is(code, 0, stderr);
      steersNothing(`report --html --by ${by}`, stdout);
      assert.equal(
        [...tagsOf(stdout)].filter((tag) => !known.has(tag)),
        [],
      );
      assert.ok(stdout.includes("&lt;img src=x onerror=alert(1)&gt;"));
    }
  });

  test("what a person types is told back without steering anything, in an error, too", async () => {
    const { places } = await made();
    const [place = []] = places;
    const text = CONTROLS.join("");
    const wrong = [
      [text],
      ["positions", text],
      ["trades", "--from", text],
      ["trades", "--after", text],
      ["trades", "--side", text],
      ["export", text, "--to", "x.csv"],
      ["export", "trades", "--to", `/nowhere/${text}/x.csv`],
      ["sql", `select '${text}' from nowhere`],
      ["cash", "book", "1", "--id", text, "--kind", text],
      ["scripts", "show", text],
      ["scripts", "call", text],
    ];
    const elsewhere = [
      ["status", "--flow", text],
      ["status", "--config", `/nowhere/${text}.yaml`],
      ["status", "--duckdb", `/nowhere/${text}.db`],
      ["status", "--url", `redis://${text}`],
    ];
    for (const args of some([...wrong.map((words) => [...words, ...place]), ...elsewhere], 8)) {
      const { code, stdout, stderr } = await sfState(args);
      assert.is.not(code, 0, JSON.stringify(args));
      steersNothing(JSON.stringify(args), stdout + stderr);
    }
  });

  test("the lines that scripts call prints do nothing but call", async () => {
    const { places } = await made();
    const [place = []] = places;
    const all = TEXTS.join("");
    const words = [`signal_id=${all}`, `pair=${all}`];
    const { code, stdout, stderr } = await sfState([
      "scripts",
      "call",
      "mark_signal_processed",
      ...words,
      "--as",
      "eval",
      ...place,
    ]);
    assert.is(code, 0, stderr);
    steersNothing("scripts call", stdout);
    const folder = await mkdtemp(join(stand.folder, "shell-"));
    const bin = join(folder, "bin");
    await mkdir(bin);
    const program = join(bin, "redis-cli");
    await stand.file(
      program.slice(stand.folder.length + 1),
      `#!${process.execPath}\nconsole.log(JSON.stringify(process.argv))\n`,
    );
    chmodSync(program, 0o755);
    const line = stdout.slice(stdout.indexOf("redis-cli"));
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const argv: string[] = JSON.parse(execFileSync("sh", ["-c", line], { cwd: folder, encoding: "utf8", env }).trim());
    assert.is(argv.filter((word) => word === all).length, 2);
    assert.not.ok(existsSync(join(folder, "pwned")));
  });

  test("a file of a hostile name steers nothing", async () => {
    const names = [...CONTROLS, ...SHELL].map((text) => text.replaceAll(/[/{}]/g, ""));
    const all = [names.slice(0, 4), names.slice(4, 8), names.slice(8)];
    const folder = await mkdtemp(join(stand.folder, `names${names[0]}-`));
    for (const name of all) {
      const path = join(folder, `${name.join("")}.db`);
      await using _ = await StateManager.open("bot", { backend: "duckdb", duckdb: { path } });
      for (const more of [[], ["--flow", "no"]]) {
        const { stdout, stderr } = await sfState(["status", "--duckdb", path, ...more]);
        steersNothing(JSON.stringify(name), stdout + stderr);
      }
    }
    const { stdout, stderr } = await sfState(["ls", "--duckdb", folder]);
    // It looks for files that are named after a flow, and says where.
    assert.match(stdout, /^0 flows .*hidden-/, stderr);
    steersNothing("ls", stdout + stderr);
  });

  test.after(async () => (await made()).close());
}

/** The rows of a CSV, by RFC 4180. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/gy;
  while (cell.lastIndex < csv.length) {
    const found = cell.exec(csv);
    if (!found) throw new Error(`no CSV: ${csv.slice(0, 200)}`);
    rows.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "\r\n") rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

/** A line of Markdown without its code spans: a run of backticks ends at the next run of as many. */
function withoutCode(line: string): string {
  return line.replace(/(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, "");
}

/** Cells of a row, as GitHub counts them: a bar behind a backslash is no border, two backslashes are none of its own. */
function columnsOf(row: string): number {
  return row.replace(/\\./g, "").split("|").length;
}

function tagsOf(html: string): Set<string> {
  return new Set(Array.from(html.matchAll(/<\s*\/?\s*[a-z!][^\s>]*/gi), ([tag]) => tag));
}
