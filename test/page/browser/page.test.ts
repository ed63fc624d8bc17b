import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Config } from "../../../src/index.js";
import { AccountAccess } from "../../../src/manager/account-access.js";
import { until } from "../../servers/until.js";
import { launch } from "./chromium.js";
import { Fleet, waitForPerson } from "./fleet.js";
import { DESK, Looker, PHONE, picture } from "./looker.js";

// A name that is not the server's leads to it, as after DNS rebinding.
const [fleet, browser] = await Promise.all([
  Fleet.start(),
  launch(["--host-resolver-rules=MAP bots.evil.test 127.0.0.1"]),
]);
const { origin, link, token } = fleet;
const test = suite("page in a browser");

const flowHash = (flow: string, tab: string, place = "redis") => `#/flow/${place}/${flow}/${tab}`;
const card = (page: Page, flow: string) => page.locator(`.card[data-flow="${flow}"]`);
const look = (options?: Parameters<typeof Looker.open>[2]) => Looker.open(browser, origin, options);

function lastBot(flow: string) {
  const bot = fleet.bots.get(flow)?.at(-1);
  if (!bot) throw new Error(`no bot of ${flow}`);
  return bot;
}

/** Stops entries in what the dialog is about. */
async function confirmTrip(page: Page, name: string, reason: string): Promise<void> {
  await page.fill("dialog input[name=reason]", reason);
  const stop = page.getByRole("button", { name: "Stop entries", exact: true });
  assert.is(await stop.isDisabled(), true, "before the name is typed");
  await page.fill("dialog input[name=confirm]", `${name}x`);
  assert.is(await stop.isDisabled(), true, "with another name");
  await page.fill("dialog input[name=confirm]", name);
  await stop.click();
  await page.locator("dialog").waitFor({ state: "detached" });
}

const VIEWS: readonly (readonly [string, string, string])[] = [
  ["fleet", "#/", ".card"],
  ["wall", "#/wall", ".ribbon li"],
  ["now", flowHash("carry-arb", "now", "folder-1"), "#equity canvas"],
  ["recovery", flowHash("grid-eth", "now"), "#recovery .plan li"],
  ["money", flowHash("carry-arb", "money", "folder-1"), "#trades tbody tr"],
  ["events", flowHash("carry-arb", "events", "folder-1"), "#events .log li"],
  ["bots", flowHash("trend-btc", "bots"), "#bots tbody tr"],
];

test("every view is whole in both themes at both widths: no sideways scroll, and targets of 44 px on a phone", async () => {
  const walk = async (size: typeof DESK | typeof PHONE, width: string) => {
    for (const scheme of ["dark", "light"] as const) {
      await using looker = await look({ size, scheme });
      const page = await looker.page(link);
      for (const [name, hash, sign] of VIEWS) {
        await looker.go(page, hash);
        await page.waitForSelector(sign);
        const [wide, small, background] = await page.evaluate<[number, string[], string]>(MEASURES);
        assert.is(wide, 0, `${name} ${width}: ${wide} px too wide`);
        if (size === PHONE) assert.equal(small, [], `${name} ${width}`);
        assert.is(background, scheme === "dark" ? "rgb(11, 14, 18)" : "rgb(244, 246, 248)");
        await picture(page, `${width}-${scheme}-${name}`, scheme === "dark" ? "page" : "window");
      }
    }
  };
  await Promise.all([walk(DESK, "desk"), walk(PHONE, "phone")]);
});

/** How much wider than the window the page is; what a finger could not hit; the colour behind everything. */
const MEASURES = `(() => {
  const root = document.documentElement;
  const targets = [...document.querySelectorAll("a, button, input:not([type=checkbox]), select, summary")];
  const small = targets.filter((each) => each.offsetParent !== null && !each.classList.contains("skip") && each.getBoundingClientRect().height < 43.5);
  return [root.scrollWidth - root.clientWidth, small.map((each) => each.outerHTML.slice(0, 90)), getComputedStyle(document.body).backgroundColor];
})()`;

test("the first view on a phone comes in less than 60 kB, all of the page in less than 150", async () => {
  await using looker = await look({ size: PHONE });
  const sizes = new Map<string, number>();
  looker.context.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.startsWith("/api/")) sizes.set(pathname, Number(response.headers()["content-length"]));
  });
  const total = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const page = await looker.page(origin);
  assert.ok(sizes.size >= 3 && total() < 60_000, `${total()} bytes`);
  const first = total();
  await looker.go(page, flowHash("carry-arb", "money", "folder-1"));
  await page.waitForSelector("#report canvas");
  assert.ok(total() > first && total() < 150_000, `${total()} bytes`);
});

for (const [size, width, dying, stuck] of [
  [DESK, "desk", "trend-btc", { flow: "trend-btc", id: "trend-btc-t-4" }],
  [PHONE, "phone", "meanrev-eu", { flow: "breakout-asia", id: "breakout-asia-b-3" }],
] as const) {
  test(`a night's work from the page alone, at a ${width}'s width`, async () => {
    await using looker = await look({ size });
    const page = await looker.page(link);

    // One bot dies, at a desk's width while one looks; the fleet says which flow, and its view which bot.
    const dead = lastBot(dying);
    if (size === DESK) dead.die();
    await card(page, dying)
      .getByText(/1 of \d bots dead/i)
      .waitFor();
    await card(page, dying).locator("h3 a").click();
    await page.getByRole("navigation", { name: "Parts of the flow" }).getByText("Bots").click();
    const row = page.locator(`tr[data-bot="${dead.manager.instanceId}"]`);
    await row.getByText("dead").waitFor();
    await picture(page, `story-${width}-dead`);

    // All breakers, at once; then no bot may enter, neither on Redis nor with a file.
    await looker.go(page, "#/");
    await page.getByRole("button", { name: "Stop entries everywhere…" }).locator("visible=true").click();
    await confirmTrip(page, fleet.name, "exchange misbehaves");
    for (const [flow, [bot]] of fleet.bots) {
      const asked = await bot?.manager.admit({
        signalId: `after-${width}`,
        pair: "BTC/USDT",
        side: "long",
        size: 0.001,
        price: 60_000,
      });
      const reason = asked?.admitted === false ? asked.reason : "admitted";
      assert.is(reason, flow === "grid-eth" || reason === "recovering" ? "recovering" : "circuit_breaker", flow);
      await card(page, flow)
        .getByText(/breaker|recovering/i)
        .first()
        .waitFor();
    }
    fleet.fileBot.say(`admit late-${width}`);
    assert.is(await fleet.fileBot.line(), "circuit_breaker");
    // What is the same of all is told once, with a link to each.
    const told = page.locator("#wants li[data-kind=breaker]");
    await until("the file's flow is among them", async () => (await told.locator("a").count()) === fleet.bots.size + 1);
    assert.is(await told.count(), 1);
    assert.equal(await told.locator("a").allTextContents(), [...fleet.bots.keys(), "carry-arb"].sort());
    assert.match(
      (await told.textContent()) ?? "",
      /exchange misbehaves\. Entries are refused until somebody resets it\./,
    );
    assert.not.match((await told.textContent()) ?? "", "Since");
    await picture(page, `story-${width}-tripped`);

    // Why was an entry refused at 02:13?
    await looker.go(page, flowHash("carry-arb", "events", "folder-1"));
    await page.fill("input[name=search-refusals]", "02:13");
    const refused = page.locator("#refusals tbody tr");
    await until("only that one is shown", async () => (await refused.count()) === 1);
    assert.match(
      (await refused.first().textContent()) ?? "",
      /02:13:07.*ETH\/USDT.*max exposure.*the limit is 12000.*c-late/,
    );

    // An order that is stuck.
    await looker.go(page, flowHash(stuck.flow, "now"));
    const order = page.locator(`tr[data-order="${stuck.id}"]`);
    await order.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("button", { name: "Cancel the order", exact: true }).click();
    await order.waitFor({ state: "detached" });
    assert.is(
      (await fleet.bot(stuck.flow).manager.getPendingOrders()).some(({ id }) => id === stuck.id),
      false,
    );

    // A recovery that waits: exactly the plan that is shown.
    const waiting = size === DESK ? "grid-eth" : "dca-sol";
    if (size === PHONE) await waitForPerson(fleet.bot(waiting).manager, fleet.folder);
    await looker.go(page, flowHash(waiting, "now"));
    const hash = await page.locator("#recovery code").textContent();
    await page.getByRole("button", { name: "Approve this plan" }).click();
    await page.locator("#recovery").getByText("Approved.").waitFor();
    const { journal } = (await fleet.bot(waiting).manager.getRecovery()) ?? {};
    assert.is(journal?.get("approved"), hash);

    // The month's report has the figures that the page shows.
    await looker.go(page, flowHash("carry-arb", "money", "folder-1"));
    await page.waitForSelector("#report canvas");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByText("Download the report").click(),
    ]);
    assert.is(download.suggestedFilename(), "carry-arb-this-month.html");
    const html = await readFile(await download.path(), "utf8");
    const tiles = page.locator("#report [data-figure]");
    assert.is(await tiles.count(), 8);
    for (const tile of await tiles.all()) {
      const [title, value] = [await tile.locator("dt").textContent(), await tile.locator("dd").textContent()];
      assert.ok(html.includes(`<dt>${title}</dt><dd>${value}</dd>`), `${title} ${value}`);
    }
    await picture(page, `story-${width}-report`);

    if (size === DESK) lastBot("meanrev-eu").die(); // for the next story

    // And entries go on.
    await looker.go(page, "#/");
    const reset = page.getByRole("button", { name: "Reset all…" });
    if (size === DESK) {
      await reset.click();
      await page.fill("dialog input[name=confirm]", fleet.name);
      await page.getByRole("button", { name: "Reset", exact: true }).click();
      await page.locator("dialog").waitFor({ state: "detached" });
      fleet.fileBot.say("admit later");
      assert.is(await fleet.fileBot.line(), "admitted");
      await looker.go(page, flowHash("carry-arb", "now", "folder-1"));
      await page.locator("#orders tr[data-order]").waitFor();
    }
    for (const url of looker.urls) assert.not(url.includes(token), url);
    assert.not(fleet.said.includes(token));
  });
}

test("the kill switch of one flow: from the click to a refused admit, and back", async () => {
  await using looker = await look();
  const page = await looker.page(link);
  const bot = fleet.bot("pairs-l2").manager;
  await looker.go(page, flowHash("pairs-l2", "now"));
  await page.getByRole("button", { name: "Reset the breaker…" }).click();
  await page.fill("dialog input[name=confirm]", "pairs-l2");
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByText("May enter.").waitFor();
  const entry = (signalId: string) => bot.admit({ signalId, pair: "ARB/USDT", side: "long", size: 1, price: 0.8 });
  assert.is((await entry("k-1")).admitted, true);
  await page.getByRole("button", { name: "Stop entries…" }).first().click();
  await confirmTrip(page, "pairs-l2", "by hand, from the page");
  const refused = await entry("k-2");
  assert.is(refused.admitted === false && refused.reason, "circuit_breaker");
  await page.getByText("No entries.").waitFor();
  await page.locator("#breaker").getByText("by hand, from the page").waitFor();
});

test("an account that is stopped elsewhere is seen on its flows' views, on its card and on the wall; and that it is reset", async () => {
  await using looker = await look();
  const [flow, all, wall] = await Promise.all([
    looker.page(link).then(async (page) => {
      await looker.go(page, flowHash("meanrev-eu", "now"));
      await page.locator("#verdict").waitFor();
      return page;
    }),
    looker.page(link),
    looker.page(`${origin}/#/wall`),
  ]);
  for (const { manager } of [fleet.bot("meanrev-eu"), fleet.bot("breakout-asia")]) {
    await manager.resetCircuitBreaker("for the test");
  }
  await flow.getByText("May enter.").waitFor();
  const config: Config = { backend: "redis", redis: { url: fleet.redis.url } };
  const asked = { name: "binance-main", flowId: undefined, instance: "somebody" };
  await using account = await AccountAccess.open(config, asked);
  await account.trip("too much in all", "until_reset");
  await flow.locator("#verdict").getByText("too much in all").waitFor();
  await all.locator(`.card.is-bad[data-account="binance-main"]`).getByText("too much in all").waitFor();
  const want = all.locator("#wants li[data-kind=breaker]", { hasText: "too much in all" });
  assert.match((await want.textContent()) ?? "", /^account binance-main The circuit breaker of account binance-main/);
  await wall.locator(".ribbon li", { hasText: "account breaker tripped" }).getByText("too much in all").waitFor();
  await account.reset("seen");
  await flow.getByText("May enter.").waitFor();
  await wall.locator(".ribbon li", { hasText: "account breaker reset" }).waitFor();
});

test("ids, pairs, reasons and metadata are text, and what is unseen in them is shown", async () => {
  const evil = `<img src=x onerror="document.title='owned'">\u202e"'&\u0007`;
  const bot = fleet.bot("funding-perp").manager;
  await bot.savePosition({
    id: evil,
    pair: `${evil}/USDT`,
    side: "long",
    size: 1,
    entryPrice: 2,
    metadata: { __proto__: evil, evil },
  });
  await bot.saveOrder({
    id: `o${evil}`,
    pair: `${evil}/USDT`,
    side: "sell",
    size: 1,
    price: 3,
    intent: "exit",
    positionId: evil,
    reason: evil,
  });
  await bot.resetCircuitBreaker("for the test");
  await bot.triggerCircuitBreaker(evil);
  await bot.admit({ signalId: evil, pair: "A/USDT", side: "long", size: 1, price: 1 });
  await using looker = await look();
  const page = await looker.page(link);
  for (const [tab, sign] of [
    ["now", "#orders tr[data-order]"],
    ["events", "#refusals tbody tr"],
    ["bots", "#bots tbody tr"],
  ] as const) {
    await looker.go(page, flowHash("funding-perp", tab));
    await page.waitForSelector(sign);
    if (tab === "bots") continue;
    const shown = await page.locator("main").innerText();
    assert.match(shown, "<img src=x onerror=");
    assert.match(shown, "U+202E");
    assert.match(shown, "U+0007");
    assert.not(shown.includes("\u202e") || shown.includes("\u0007"));
  }
  await looker.go(page, flowHash("funding-perp", "events"));
  await page.locator("#events .log summary").first().click();
  const opened = page.locator("#events .log pre");
  await opened.first().waitFor();
  assert.match((await opened.nth(0).textContent()) ?? "", /"type": "breaker_tripped"/);
  assert.match(
    (await opened.nth(1).textContent()) ?? "",
    /^redis-cli XRANGE sf:funding-perp:events:log \d+-\d+ \d+-\d+$/,
  );
  await looker.go(page, "#/wall");
  await page.waitForSelector(".ribbon li");
  assert.is(await page.locator("img").count(), 0);
  assert.not.match(await page.title(), "owned");
});

test("without the token everything can be read and nothing changed; the token leaves the address at once", async () => {
  await using looker = await look();
  const page = await looker.page(origin);
  await looker.go(page, flowHash("trend-btc", "now"));
  await page.waitForSelector("#positions tbody tr");
  assert.is(await page.getByRole("button", { name: /Stop|Trip|Cancel|Resolve|Reset|Approve/ }).count(), 0);
  const other = await looker.page(link);
  await other.getByRole("button", { name: "Operator" }).waitFor();
  assert.is(other.url(), `${origin}/`);
  const kept = await other.evaluate<string>("JSON.stringify([{ ...localStorage }, document.cookie, history.length])");
  assert.not(kept.includes(token));
  await page.getByRole("button", { name: "Read-only: token…" }).click();
  await page.fill("dialog input[name=token]", token);
  await page.getByRole("button", { name: "Use it" }).click();
  await page
    .getByRole("button", { name: /Stop entries…|Trip it again…/ })
    .first()
    .waitFor();
});

test("a page of another origin, or of another port, changes nothing and reads nothing", async () => {
  const bot = fleet.bot("meanrev-eu").manager;
  await bot.resetCircuitBreaker("for the test");
  const evil = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<title>evil</title>"),
  );
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
  const { port } = evil.address() as AddressInfo;
  const context = await browser.newContext();
  try {
    for (const from of [`http://127.0.0.1:${port}/`, `http://bots.evil.test:${port}/`]) {
      const page = await context.newPage();
      await page.goto(from);
      const path = `${origin}/api/flow/redis/meanrev-eu/breaker/trip`;
      const tried = await page.evaluate<string[]>(`(async () => {
        const body = JSON.stringify({ confirm: "meanrev-eu", reason: "evil" });
        const ways = [
          { method: "POST", mode: "no-cors", body },
          { method: "POST", mode: "no-cors", body: new URLSearchParams({ confirm: "meanrev-eu", reason: "evil" }) },
          { method: "POST", headers: { "Content-Type": "application/json", Authorization: "Bearer ${token}" }, body },
          { method: "GET" },
        ];
        const told = [];
        for (const way of ways) {
          told.push(await fetch(way.method === "GET" ? "${origin}/api/fleet" : "${path}", way).then((answer) => answer.type + answer.status, () => "failed"));
        }
        return told;
      })()`);
      assert.equal(tried, ["failed", "failed", "failed", "failed"], from);
      await page.setContent(
        `<form method=post enctype=text/plain action="${path}"><input name='{"confirm":"meanrev-eu","reason":"evil","a":"' value='"}'><button>go</button></form>`,
      );
      await Promise.all([page.waitForURL(path), page.click("button")]);
      assert.match(await page.locator("body").innerText(), "forbidden");
      await page.close();
    }
  } finally {
    await context.close();
    evil.close();
  }
  assert.is((await bot.snapshot()).breaker.active, false);
});

test("a name that was made to point here (DNS rebinding) is refused", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  for (const path of ["/", "/api/fleet", "/api/stream"]) {
    const answer = await page.goto(`http://bots.evil.test:${fleet.port}${path}`);
    assert.is(answer?.status(), 403, path);
  }
  await context.close();
});

test("seven tabs share one stream; when the tab that reads it is killed, another goes on", async () => {
  await using looker = await look();
  const streams: Page[] = [];
  looker.context.on("request", (request) => {
    if (request.url() === `${origin}/api/stream`) streams.push(request.frame().page());
  });
  const pages = await Promise.all(Array.from({ length: 7 }, () => looker.page(`${origin}/#/wall`)));
  const bot = fleet.bot("breakout-asia").manager;
  const seenBy = (page: Page, text: string) => page.locator(".ribbon").getByText(text).first().waitFor();
  await bot.setCooldown("TAB/ONE", "1h");
  await Promise.all(pages.map((page) => seenBy(page, "TAB/ONE")));
  assert.is(streams.length, 1);
  const [reader] = streams;
  assert.ok(reader);
  const others = pages.filter((page) => page !== reader);
  const devtools = await looker.context.newCDPSession(reader);
  const crashed = reader.waitForEvent("crash");
  devtools.send("Page.crash").catch(() => {}); // who is dead does not answer
  await crashed;
  await bot.setCooldown("TAB/TWO", "1h");
  await Promise.all(others.map((page) => seenBy(page, "TAB/TWO")));
  assert.is(streams.length, 2);
  for (const page of others) assert.is(await page.locator(".ribbon li", { hasText: "TAB/TWO" }).count(), 1);
});

test("when the server is killed the page says how old it is and turns grey; when it is back it goes on by itself", async () => {
  await using looker = await look();
  await looker.context.clock.install();
  const page = await looker.page(link);
  await page.locator("#age.live").waitFor();
  await fleet.killServer();
  await page.locator("#age.late").waitFor();
  await page.clock.fastForward(10_000);
  await page.locator("#age.dead").waitFor();
  await page.getByText("What you see is old").waitFor();
  await picture(page, "desk-dark-old");
  assert.is(await page.evaluate("document.documentElement.classList.contains('stale')"), true);
  await fleet.bot("breakout-asia").manager.resetCircuitBreaker("while nobody served");
  await fleet.serve();
  await page.locator("#age.live").waitFor();
  await card(page, "breakout-asia").getByText("trading").waitFor();
  assert.is(await page.evaluate("document.documentElement.classList.contains('stale')"), false);
});

test("the keyboard reaches everything, and one sees where it is", async () => {
  await using looker = await look();
  const page = await looker.page(link);
  await page.keyboard.press("j");
  const focus = () => page.evaluate<string>("document.activeElement.textContent");
  const first = await focus();
  await page.keyboard.press("j");
  assert.is.not(await focus(), first);
  await page.keyboard.press("k");
  assert.is(await focus(), first);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".tabs");
  await page.keyboard.press("2");
  await page.waitForSelector("#report");
  await page.keyboard.press("/");
  await until(
    "the search has the focus",
    async () => (await page.evaluate("document.activeElement.name")) === "search-events",
  );
  await page.keyboard.type("f?");
  assert.is(await page.inputValue("input[name=search-events]"), "f?");
  await page.evaluate("document.activeElement.blur()");
  await page.keyboard.press("f");
  await page.waitForSelector(".card");
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  const seen = await page.evaluate<[number, number]>("[document.querySelectorAll('a, button').length, 0]");
  const unseen: string[] = [];
  for (let at = 0; at < seen[0]; at++) {
    await page.keyboard.press("Tab");
    const [style, what] = await page.evaluate<[string, string]>(
      `(() => { const it = document.activeElement; const framed = it.closest(".card") && it.matches("h3 a") ? it.closest(".card") : it;
        return [getComputedStyle(framed).outlineStyle, it.outerHTML.slice(0, 80)]; })()`,
    );
    if (style === "none" && !what.startsWith("<body")) unseen.push(what);
  }
  assert.equal(unseen, []);
  await page.keyboard.press("t");
  assert.is(await page.evaluate("document.documentElement.dataset.theme"), "dark");
});

test.after(async () => {
  await browser.close();
  await fleet[Symbol.asyncDispose]();
});
test.run();
