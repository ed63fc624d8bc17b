import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import * as assert from "uvu/assert";
import { processTerminal } from "../../src/cli/terminal.js";
import { StateManager } from "../../src/index.js";
import { AccountAccess } from "../../src/manager/account-access.js";
import { OpenFlows } from "../../src/page/open-flows.js";
import { placeAt } from "../../src/page/place.js";
import { Shared } from "../../src/page/shared.js";
import { Streams } from "../../src/page/stream.js";
import type { FleetFlow } from "../../src/page/wire.js";
import { bundle } from "../bundle.js";
import type { Stand, Test } from "../cli/stand.js";
import { newFlowId } from "../contract/backends.js";
import { Child } from "../duckdb/child.js";
import { until } from "../servers/until.js";
import { type Answered, PageStand, type StreamReader, TOKEN } from "./page-stand.js";

const BOT = await bundle(new URL("../cli/held-bot.ts", import.meta.url));

/** The stream that every page reads, over a real Redis and a DuckDB file that a bot holds. */
export function streaming(test: Test, stand: Stand): void {
  test("events come in the order of each flow's log, none missing, none twice, also for who leaves and comes back", async () => {
    const { file, config } = await stand.ownConfig();
    const names = ["a", "b", "c"];
    for (const name of names) await stand.flow(name, config);
    const bots = await Promise.all(names.map((name) => StateManager.open(name, config, { instanceId: "bot" })));
    await using page = await PageStand.start({ url: stand.url, config: file });
    const starts = await Promise.all(bots.map(async (bot) => (await bot.getLogPlace()).newest));
    const found = new Map<string, string[]>(names.map((name) => [name, []]));
    let lastId: string | undefined;
    const take = async (reader: StreamReader, most: number) => {
      for (let n = 0; n < most; n++) {
        const frame = await reader.next("event");
        if (!frame) throw new Error("the stream ended");
        found.get(frame.flowId)?.push(frame.event.id);
        lastId = frame.id;
      }
    };
    const first = await page.stream();
    assert.is((await first.next("hello"))?.resumed, false);
    const told = await first.next("fleet");
    assert.equal(told?.flows.map(({ flowId }) => flowId).sort(), names);
    const writing = (async () => {
      for (let n = 0; n < 50; n++)
        await Promise.all(bots.map((bot) => bot.markSignalProcessed(`new-${n}`, "BTC/USDT")));
    })();
    await take(first, 40);
    first[Symbol.dispose]();
    await writing; // meanwhile nobody read
    const second = await page.stream({ headers: { "last-event-id": lastId ?? "" } });
    assert.is((await second.next("hello"))?.resumed, true);
    await take(second, 110);
    for (const [at, bot] of bots.entries()) {
      const events = await bot.getEvents({ after: starts[at] ?? "" });
      assert.is(events.length, 50);
      assert.equal(
        found.get(names[at] ?? ""),
        events.map(({ id }) => id),
      );
      await bot.close();
    }
    for (const id of ["nonsense", "000000000000-1", `${lastId?.split("-")[0]}-999999`]) {
      using other = await page.stream({ headers: { "last-event-id": id } });
      assert.is((await other.next("hello"))?.resumed, false, `${id} is no place of this stream`);
    }
    second[Symbol.dispose]();
  });

  test("an account's breaker is told at once, with the fleet as it is then, without waiting for the next reading", async () => {
    const account = newFlowId();
    const { file, config } = await stand.ownConfig({
      account: { name: account, currency: "USDT", max_open_positions: 9 },
    });
    for (const name of ["one", "two"]) await stand.flow(name, config);
    await using page = await PageStand.start({ url: stand.url, config: file, lookEvery: 3_600_000 });
    using reader = await page.stream();
    const reasons = (flows: readonly FleetFlow[] = []) => flows.map((flow) => flow.error ?? flow.entry.reason).sort();
    assert.equal(reasons((await reader.next("fleet"))?.flows), [undefined, undefined]);
    const settings = { name: account, flowId: undefined, instance: "somebody" };
    await using access = await AccountAccess.open(config, settings);
    /** The fleet as it is told after the account's event: a reading that was under way may come first. */
    const toldAfter = async (type: string, isActive: boolean) => {
      const told = await reader.next("account_event");
      assert.equal([told?.place, told?.account, told?.event.type], ["redis", account, type]);
      for (;;) {
        const frame = await reader.next("fleet");
        if (!frame) throw new Error("the stream ended");
        if (frame.accounts?.[0]?.status.breaker.active === isActive) return frame;
      }
    };
    await access.trip("hands off", undefined);
    const tripped = await toldAfter("account_breaker_tripped", true);
    assert.equal(reasons(tripped.flows), ["account_circuit_breaker", "account_circuit_breaker"]);
    assert.equal(
      tripped.wants?.map((want) => [want.kind, want.account]),
      [["breaker", account]],
    );
    await access.reset("seen");
    const reset = await toldAfter("account_breaker_reset", false);
    assert.equal(reasons(reset.flows), [undefined, undefined]);
    assert.equal(reset.wants, []);
  });

  test("two hundred pages cost the store what one does: one reading, one connection that follows the logs", async () => {
    const { file, config } = await stand.ownConfig();
    const bot = await StateManager.open("only", config, { instanceId: "bot" });
    await using page = await PageStand.start({ url: stand.url, config: file });
    const client = new Redis(stand.url);
    const connections = async () =>
      String(await client.client("LIST"))
        .trim()
        .split("\n").length;
    using first = await page.stream();
    await first.next("fleet");
    await bot.markSignalProcessed("s-0", "BTC/USDT");
    await first.next("event"); // the log is followed
    const before = await connections();
    const readings = page.server.fleet.counts.readings;
    const answers = await Promise.all(Array.from({ length: 200 }, () => page.ask("/api/fleet")));
    assert.ok(answers.every(({ status }) => status === 200));
    const times = new Set(answers.map(({ json }) => json.readAt));
    assert.is(
      page.server.fleet.counts.readings - readings <= times.size,
      true,
      "those who ask meanwhile share a reading",
    );
    const streams = await Promise.all(Array.from({ length: 199 }, () => page.stream()));
    await Promise.all(streams.map((stream) => stream.next("hello")));
    assert.is(page.server.streams.size, 200);
    assert.is(await connections(), before);
    await bot.markSignalProcessed("s", "BTC/USDT");
    const frames = await Promise.all([first, ...streams].map((stream) => stream.next("event")));
    assert.is(new Set(frames.map((frame) => frame?.id)).size, 1, "the same frame for all");
    for (const stream of streams) stream[Symbol.dispose]();
    client.disconnect();
    await bot.close();
  });

  test("two hundred pages that look at one flow have Redis do what one page does, to a few commands", async () => {
    const { file, config } = await stand.ownConfig();
    await using _ = await StateManager.open("only", config, { instanceId: "bot" });
    await using page = await PageStand.start({ url: stand.url, config: file });
    const client = new Redis(stand.url);
    /** Scripts that Redis has run, of whichever client. */
    const scripts = async () => {
      const stats = await client.info("commandstats");
      return [...stats.matchAll(/^cmdstat_(?:evalsha|eval|fcall)(?:_ro)?:calls=(\d+)/gm)].reduce(
        (sum, [, calls]) => sum + Number(calls),
        0,
      );
    };
    const paths = ["", "/trades", "/refusals", "/events", "/report", "/equity"].map(
      (rest) => `/api/flow/redis/only${rest}`,
    );
    /** What it costs that so many pages ask for all there is of the flow at a time; without the readings of the fleet, which the clock begins. */
    const costOf = async (pages: number) => {
      const [before, readings] = [await scripts(), page.server.fleet.counts.readings];
      const answers = await Promise.all(paths.flatMap((path) => Array.from({ length: pages }, () => page.ask(path))));
      for (const { status, text } of answers) assert.is(status, 200, text);
      return { cost: (await scripts()) - before, readings: page.server.fleet.counts.readings - readings };
    };
    await costOf(1); // opens the flow
    const one = await costOf(1);
    const begun = performance.now();
    const many = await costOf(200);
    const seconds = (performance.now() - begun) / 1000;
    // Those who ask first have one reading, those who ask while it lasts the next: five a second at most, however long the asking takes. A reading of the fleet is of
    // five scripts here.
    const most = (2 + 5 * seconds) * one.cost + 6 * (many.readings + 1);
    assert.ok(many.cost <= most, `${many.cost} scripts for 200 pages, ${one.cost} for one, ${many.readings} readings`);
    client.disconnect();
  });

  test("nobody gets an answer that began before it was asked for, and what fails is told to those who asked, and forgotten", async () => {
    const shared = new Shared<number>();
    let begun = 0;
    const ends: ((error?: Error) => void)[] = [];
    const work = () => {
      const mine = ++begun;
      return new Promise<number>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve(mine))));
    };
    const first = shared.ask("a", work);
    const others = [shared.ask("a", work), shared.ask("a", work)];
    assert.is(begun, 1);
    ends[0]?.(new Error("away"));
    assert.is(await first.catch((error: Error) => error.message), "away");
    await until("the next has begun", () => begun === 2);
    const late = shared.ask("a", work);
    ends[1]?.();
    assert.equal(await Promise.all(others), [2, 2]);
    await until("the one after it has begun", () => begun === 3);
    ends[2]?.();
    assert.is(await late, 3);
  });

  test("readers of exports who take nothing hold up no report, and no bot that wants its file", async () => {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    const config = { backend: "duckdb", duckdb: { path: join(folder, "{flow_id}.db") } } as const;
    const pair = `${"x".repeat(200)}/USDT`;
    {
      await using bot = await StateManager.open("sold", config);
      await bot.savePosition({
        id: "p",
        pair,
        side: "long",
        size: 1,
        entryPrice: 1,
        metadata: { note: "x".repeat(60_000) },
      });
      for (let n = 0; n < 150; n++) await bot.updatePosition("p", { metadata: { note: `${n}${"x".repeat(60_000)}` } });
    }
    await using page = await PageStand.start({ folder, mostFiles: 3 });
    // Each is of some 9 MB, more than the sockets between the two hold.
    const stuck = await Promise.all(
      Array.from({ length: 3 }, () => page.open("/api/flow/folder-1/sold/export/events.jsonl")),
    );
    for (const response of stuck) assert.ok(Number(response.headers["content-length"]) > 8_000_000);
    const fourth = await page.ask("/api/flow/folder-1/sold/export/trades.csv");
    assert.equal([fourth.status, fourth.json.error.code, fourth.headers["retry-after"]], [429, "too_many", "5"]);
    assert.is((await page.ask("/api/flow/folder-1/sold/report")).status, 200);
    await using bot = await StateManager.open("sold", config);
    assert.is((await bot.getPositions()).length, 1);
    for (const response of stuck) response.destroy();
    await until("there is room again", async () => {
      return (await page.ask("/api/flow/folder-1/sold/export/trades.csv")).status === 200;
    });
    assert.equal(page.log, [], "who leaves is no error");
  });

  test("two reports or exports are made at a time and twenty wait; more are told to come later, and those that wait are made", async () => {
    const redis = { url: stand.url, key_prefix: newFlowId(), command_timeout: "60s" };
    const { file, config } = await stand.ownConfig({ redis });
    await stand.flow("bot", config);
    await using page = await PageStand.start({ url: stand.url, config: file });
    const report = (from: string) => page.ask(`/api/flow/redis/bot/report?from=${from}`);
    const days = Array.from({ length: 22 }, (_, at) => `2026-01-${String(at + 1).padStart(2, "0")}`);
    assert.is((await report("2026-02-01")).status, 200); // the flow is open
    const refused: Answered[] = [];
    const note = (answer: Answered) => {
      if (answer.status !== 200) refused.push(answer);
      return answer;
    };
    await stand.server.kill("SIGSTOP"); // nothing ends meanwhile
    let asked: Promise<Answered>[];
    try {
      const exports = ["trades.csv", "events.jsonl"].map((name) => page.ask(`/api/flow/redis/bot/export/${name}`));
      asked = [...days.map(report), ...exports].map((each) => each.then(note));
      await until("two are refused", () => refused.length === 2);
    } finally {
      await stand.server.kill("SIGCONT");
    }
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    assert.is(statuses.filter((status) => status === 200).length, 22);
    for (const { status, json, headers } of refused) {
      assert.equal([status, json.error.code, headers["retry-after"]], [429, "too_many", "5"]);
    }
    assert.is((await report("2026-02-02")).status, 200);
  });

  test("a client that sends its header or its body byte by byte holds up nobody", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("bot", config);
    await using page = await PageStand.start({ url: stand.url, config: file });
    const host = `Host: 127.0.0.1:${page.port}\r\n`;
    const head = `POST /api/flow/redis/bot/breaker/trip HTTP/1.1\r\n${host}Content-Type: application/json\r\n`;
    const begun = [
      ...Array.from({ length: 100 }, () => `GET /api/fleet HTTP/1.1\r\n${host}X-Slow: `),
      ...Array.from({ length: 100 }, () => `${head}Authorization: Bearer ${TOKEN}\r\nContent-Length: 1000\r\n\r\n{`),
    ];
    const sockets = await Promise.all(
      begun.map(async (bytes) => {
        const socket = connect(page.port, "127.0.0.1");
        await once(socket, "connect");
        socket.on("error", () => {}).write(bytes);
        return socket;
      }),
    );
    const tripped = page.change("/api/flow/redis/bot/breaker/trip", { confirm: "bot", reason: "now" });
    for (const socket of sockets) socket.write(" ");
    assert.is((await tripped).status, 200);
    assert.is((await page.ask("/api/fleet")).json.flows[0].breaker.reason, "now");
    assert.is(sockets.filter(({ destroyed }) => destroyed).length, 0, "they are still at it");
    for (const socket of sockets) socket.destroy();
  });

  test("a reader that takes nothing is dropped, and holds up nobody else", async () => {
    await using page = await PageStand.start({ url: stand.url, config: (await stand.ownConfig()).file });
    const stuck = await page.open("/api/stream"); // nobody reads its body
    using reader = await page.stream();
    await reader.next("hello");
    assert.is(page.server.streams.size, 2);
    const most = 200;
    const name = { place: "redis", flowId: "x".repeat(100_000) };
    for (let n = 0; n < most; n++) {
      page.server.streams.send({ kind: "gap", ...name });
      assert.is((await reader.next("gap"))?.flowId.length, 100_000);
    }
    assert.is(page.server.streams.size, 1, "20 MB went past it, and it took none");
    stuck.destroy();
  });

  test("who has taken all that there is stays, however long nothing happens; who has not is dropped after 30 s", async () => {
    let now = 0;
    const streams = new Streams(10, () => now);
    const server = createServer((_, response) => streams.open(response, undefined, () => []));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const ask = () =>
      new Promise<IncomingMessage>((resolve) => request({ host: "127.0.0.1", port, agent: false }, resolve).end());
    streams.send({ kind: "gap", place: "redis", flowId: "before" });
    const opening = [ask(), ask()];
    await until("both are there", () => streams.size === 2);
    const beats = async (most: number) => {
      for (let n = 0; n < most; n++) {
        now += 10_000;
        streams.beat();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await beats(1);
    const [taking, stuck] = await Promise.all(opening);
    taking?.resume();
    await beats(9);
    assert.is(streams.size, 2, "a hundred seconds in which nothing happened");
    // More than the sockets between the two hold; only one of them reads.
    let taken = 0;
    taking?.on("data", (piece: Buffer) => {
      taken += piece.length;
    });
    const flowId = "x".repeat(1_000_000);
    for (let n = 1; n <= 7; n++) {
      streams.send({ kind: "gap", place: "redis", flowId });
      await until("the one that reads has it", () => taken > n * flowId.length);
    }
    await beats(2);
    assert.is(streams.size, 2, "it may still take it");
    await beats(2);
    assert.is(streams.size, 1, "30 s in which it took nothing");
    taking?.destroy();
    stuck?.destroy();
    streams.close();
    server.closeAllConnections();
    server.close();
  });

  test("a server that stops says so to every stream, and ends", async () => {
    const page = await PageStand.start({ url: stand.url, config: (await stand.ownConfig()).file });
    const readers = [await page.stream(), await page.stream()];
    for (const reader of readers) await reader.next("hello");
    await page[Symbol.asyncDispose]();
    for (const reader of readers) {
      assert.equal(await reader.next("bye"), { kind: "bye", reason: "stopping", retryAfter: 1000 });
      assert.is(await reader.next("bye"), undefined);
    }
  });

  test("a flow in a file that a bot holds is read, followed and stopped through the bot's socket; and is free again when it ends", async () => {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    using bot = new Child(BOT, [join(folder, "bot.db")]);
    assert.is(await bot.line(), "open");
    await using page = await PageStand.start({ folder });
    using reader = await page.stream();
    const [flow] = (await reader.next("fleet"))?.flows ?? [];
    assert.equal([flow?.place, flow?.flowId, flow?.error], ["folder-1", "bot", undefined]);
    await reader.next("gap"); // from here on it is followed
    bot.say("save p-2");
    assert.is(await bot.line(), "saved");
    const saved = await reader.next("event");
    assert.equal(
      [saved?.flowId, saved?.event.type, saved?.words],
      ["bot", "position_saved", "p-2 SOL/USDT long 3 @ 4"],
    );
    const tripped = await page.change("/api/flow/folder-1/bot/breaker/trip", { confirm: "bot", reason: "stop" });
    assert.is(tripped.status, 200, tripped.text);
    bot.say("admit s-1");
    assert.is(await bot.line(), "circuit_breaker");
    const { json } = await page.ask("/api/flow/folder-1/bot");
    assert.equal([json.entry.reason, json.positions.length, json.snapshot.flowId], ["circuit_breaker", 2, "bot"]);
    const refusals = await page.ask("/api/flow/folder-1/bot/refusals?query=s-1");
    assert.is(refusals.json.refusals[0].reason, "circuit_breaker");
    bot.say("end");
    assert.is(await bot.line(), "closed");
    await bot.end();
    await until("the file can be looked at without a bot", async () => {
      const { status, json: free } = await page.ask("/api/flow/folder-1/bot");
      return status === 200 && free.snapshot.instances.length === 0;
    });
    using next = new Child(BOT, [join(folder, "bot.db")]);
    assert.is(await next.line(), "open", "a bot that starts finds it free");
  });

  test("who wants a file that is held for long waits, also for the bot that takes it first", async () => {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    {
      using first = new Child(BOT, [join(folder, "bot.db")]);
      assert.is(await first.line(), "open");
      first.say("end");
      await first.end();
    }
    const place = await placeAt("folder-1", processTerminal(), { duckdb: folder });
    const hour = 3_600_000;
    const flows = new OpenFlows(0, hour);
    const said: string[] = [];
    let end = () => {};
    const first = flows.with(place, "bot", async (manager) => {
      said.push(`first sees ${(await manager.getPositions()).length}`);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await until("the first is at it", () => said.length === 1);
    const second = flows.with(place, "bot", async () => void said.push("second")).catch(({ message }) => message);
    using bot = new Child(BOT, [join(folder, "bot.db")]);
    end();
    await first;
    assert.is(await bot.line(), "open");
    assert.equal(said, ["first sees 1"], "nobody came in between");
    await flows[Symbol.asyncDispose]();
    assert.is(await second, "the server stops");

    // As soon as the bot has it, the bot is asked: nothing is held here, and nobody waits.
    await using asking = new OpenFlows(0, hour);
    const both = ["one", "two"].map((name) => asking.with(place, "bot", async () => void said.push(name)));
    await Promise.all(both);
    await asking.with(place, "bot", async () => void said.push("three"));
    assert.equal(said.slice(1).sort(), ["one", "three", "two"]);
  });

  test("however many look at a file, a bot that starts gets it", async () => {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    const path = join(folder, "bot.db");
    {
      using first = new Child(BOT, [path]);
      assert.is(await first.line(), "open");
      first.say("end");
      await first.end();
    }
    await using page = await PageStand.start({ folder });
    let isOpen = false;
    let answers = 0;
    const look = async (looker: number) => {
      for (let n = 0; !isOpen; n++) {
        const { status, text } = await page.ask(`/api/flow/folder-1/bot/events?query=${looker}-${n}`);
        assert.is(status, 200, text);
        answers++;
      }
    };
    const lookers = Promise.all(Array.from({ length: 8 }, (_, looker) => look(looker)));
    await until("they are at it", () => answers > 8);
    using bot = new Child(BOT, [path]);
    const line = await bot.line();
    isOpen = true;
    assert.is(line, "open");
    await lookers;
  });
}
