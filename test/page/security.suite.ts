import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Redis } from "ioredis";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { ROUTES, type Route } from "../../src/page/wire.js";
import type { Stand, Test } from "../cli/stand.js";
import { newFlowId } from "../contract/backends.js";
import { PageStand, TOKEN } from "./page-stand.js";

/** Who may come in, and what a request may do: by real HTTP, over a real Redis. */
export function security(test: Test, stand: Stand): void {
  const flow = newFlowId();
  const account = newFlowId();

  /** A flow in an account, with something to change by every route; and the page over it. */
  async function made(asked: Parameters<typeof PageStand.start>[0] = {}) {
    const { file, config } = await stand.ownConfig({
      account: { name: account, currency: "USDT", max_open_positions: 9 },
    });
    await stand.flow(flow, config);
    await using bot = await StateManager.open(flow, config, { instanceId: "bot-1" });
    await bot.saveOrder({ id: "o-1", pair: "BTC/USDT", side: "buy", size: 1, price: 100, status: "unknown" });
    await bot.saveOrder({ id: "o-2", pair: "BTC/USDT", side: "buy", size: 1, price: 100, status: "unknown" });
    return { config, page: await PageStand.start({ url: stand.url, config: file, ...asked }) };
  }

  function pathOf({ path }: Route): string {
    return path.replace(":place", "redis").replace(":flow", flow).replace(":account", account);
  }

  /** What each changing route is asked with, so that it would change something. */
  const BODIES: { readonly [path in Extract<Route, { changes: true }>["path"]]: object } = {
    "/api/breaker/trip": { confirm: "all flows", reason: "test" },
    "/api/breaker/reset": { confirm: "all flows", reason: "test" },
    "/api/account/:place/:account/breaker/trip": { confirm: account, reason: "test" },
    "/api/account/:place/:account/breaker/reset": { confirm: account, reason: "test" },
    "/api/flow/:place/:flow/breaker/trip": { confirm: flow, reason: "test" },
    "/api/flow/:place/:flow/breaker/reset": { confirm: flow, reason: "test" },
    "/api/flow/:place/:flow/orders/cancel": { orderId: "o-1" },
    "/api/flow/:place/:flow/orders/resolve": { orderId: "o-2", is: "open" },
    "/api/flow/:place/:flow/recovery/approve": { hash: "0123456789abcdef" },
    "/api/flow/:place/:flow/lease/break": { token: 1 },
    "/api/flow/:place/:flow/instances/prune": {
      instances: [{ id: "bot-1", lastHeartbeat: "2026-01-01T00:00:00.000Z" }],
    },
  };
  const CHANGES = ROUTES.filter((route) => route.changes);
  const LOOKS = ROUTES.filter((route) => !route.changes);

  /** All that the server holds. */
  async function contents(): Promise<Map<string, string>> {
    const client = new Redis(stand.url);
    try {
      const keys = (await client.keys("*")).sort();
      const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
      return new Map(keys.map((key, at) => [key, dumps[at]?.toString("hex") ?? ""]));
    } finally {
      client.disconnect();
    }
  }

  test("a host that is not the server's is refused before anything else: page, data, stream, and what is not there", async () => {
    const { page } = await made();
    await using _ = page;
    const { port } = page;
    const bad: readonly (readonly string[])[] = [
      [],
      ["Host: evil.example"],
      [`Host: evil.example:${port}`],
      [`Host: EVIL.EXAMPLE:${port}`],
      [`Host: localhost.:${port}`],
      [`Host: 127.0.0.1.evil.example:${port}`],
      [`Host: 127.0.0.1:${port}`, "Host: evil.example"],
      ["Host: evil.example", `Host: 127.0.0.1:${port}`],
      [`Host: 127.0.0.1:${port}`, `Host: 127.0.0.1:${port}`],
      ["Host: 127.0.0.1"],
      [`Host: 0.0.0.0:${port}`],
      ["Host: "],
    ];
    for (const path of ["/", "/api/fleet", "/api/stream", "/api/nothing", "/nothing"]) {
      for (const hosts of bad) {
        const answer = await page.raw([`GET ${path} HTTP/1.1`, ...hosts, "Connection: close", "", ""].join("\r\n"));
        assert.match(answer, /^HTTP\/1\.1 403 /, `${path} ${hosts.join(" + ")}: ${answer.slice(0, 80)}`);
      }
    }
    // The name in the request's own line counts for nothing.
    const absolute = `GET http://127.0.0.1:${port}/api/fleet HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    assert.match(await page.raw(absolute), /^HTTP\/1\.1 403 /);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      const answer = await page.raw(`GET /api/session HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 /, host);
    }
  });

  test("a change is taken only from the page itself, as JSON, and with the token", async () => {
    const { page } = await made();
    await using _ = page;
    const path = `/api/flow/redis/${flow}/breaker/trip`;
    const body = { confirm: flow, reason: "test" };
    const text = JSON.stringify(body);
    const jsonType = { "content-type": "application/json" };
    const own = { origin: page.origin, "sec-fetch-site": "same-origin" };
    const refused: readonly (readonly [number, string, Readonly<Record<string, string>>, string | undefined])[] = [
      [403, "another site", { ...jsonType, "sec-fetch-site": "cross-site" }, TOKEN],
      [403, "another port", { ...jsonType, "sec-fetch-site": "same-site", origin: page.origin }, TOKEN],
      [403, "typed", { ...jsonType, "sec-fetch-site": "none" }, TOKEN],
      [403, "another origin", { ...jsonType, ...own, origin: "http://evil.example" }, TOKEN],
      [403, "another port's origin", { ...jsonType, origin: `http://127.0.0.1:${page.port + 1}` }, TOKEN],
      [403, "https", { ...jsonType, origin: page.origin.replace("http:", "https:") }, TOKEN],
      [403, "a sandbox", { ...jsonType, origin: "null" }, TOKEN],
      [415, "a form", { ...own, "content-type": "application/x-www-form-urlencoded" }, TOKEN],
      [415, "text", { ...own, "content-type": "text/plain" }, TOKEN],
      [415, "a file", { ...own, "content-type": "multipart/form-data; boundary=x" }, TOKEN],
      [415, "nothing", own, TOKEN],
      [401, "no token", { ...jsonType, ...own }, undefined],
      [401, "a wrong token", { ...jsonType, ...own }, `${TOKEN}x`],
      [401, "a part of it", { ...jsonType, ...own }, TOKEN.slice(0, -1)],
      [401, "neither headers nor token", jsonType, undefined],
    ];
    const before = await contents();
    for (const [status, what, headers, token] of refused) {
      const answer = await page.ask(path, { method: "POST", headers, body: text, token });
      assert.is(answer.status, status, `${what}: ${answer.text}`);
    }
    const elsewhere = [
      ["in the query", `${path}?token=${TOKEN}`, {}],
      ["as a cookie", path, { cookie: `token=${TOKEN}` }],
      ["by a scheme of its own", path, { authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString("base64")}` }],
    ] as const;
    for (const [what, where, headers] of elsewhere) {
      const answer = await page.ask(where, {
        method: "POST",
        headers: { ...jsonType, ...own, ...headers },
        body: text,
      });
      assert.is(answer.status, 401, what);
    }
    assert.equal(await contents(), before, "nothing was changed");

    // A program, which is no browser, says nothing of where it comes from.
    const taken = await page.ask(path, { method: "POST", body, token: TOKEN });
    assert.is(taken.status, 200, taken.text);
    assert.is((await page.change(`/api/flow/redis/${flow}/breaker/reset`, { confirm: flow })).json.reset, true);
  });

  test("data is not told to another page, and no answer invites one", async () => {
    const { page } = await made();
    await using _ = page;
    for (const site of ["cross-site", "same-site"]) {
      for (const route of LOOKS) {
        const { status } = await page.ask(pathOf(route), { headers: { "sec-fetch-site": site } });
        assert.is(status, 403, `${route.path} ${site}`);
      }
    }
    const asked = [
      { path: "/api/fleet", method: "GET" },
      { path: "/", method: "GET" },
      { path: "/api/fleet", method: "OPTIONS" },
      { path: `/api/flow/redis/${flow}/breaker/trip`, method: "OPTIONS" },
    ];
    for (const { path, method } of asked) {
      const headers = { origin: "http://evil.example", "access-control-request-method": "POST" };
      const answer = await page.ask(path, { method, headers });
      const cors = Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"));
      assert.equal(cors, [], `${method} ${path}`);
      if (method === "OPTIONS") assert.is(answer.status, 405);
    }
  });

  test("looking changes nothing: every key is as it was, whoever looks at what", async () => {
    const { page } = await made();
    await using _ = page;
    const before = await contents();
    for (const route of LOOKS) {
      if (route.path === "/api/stream") {
        using stream = await page.stream({ token: TOKEN });
        assert.is((await stream.next("hello"))?.resumed, false);
        continue;
      }
      const answer = await page.ask(pathOf(route), { token: TOKEN });
      assert.is(answer.status, 200, `${route.path}: ${answer.text}`);
    }
    assert.equal(await contents(), before);
  });

  test("a route that changes is refused by every server that is read-only, and to everybody without the token; each would change something", async () => {
    assert.equal(CHANGES.map(({ path }) => path).sort(), Object.keys(BODIES).sort());
    const servers = [
      { what: "read-only, with the token", asked: { readOnly: true }, token: TOKEN, status: 403 },
      { what: "read-only, without", asked: { readOnly: true }, token: null, status: 403 },
      { what: "a server that has no token", asked: { token: null }, token: null, status: 403 },
      { what: "without the token", asked: {}, token: null, status: 401 },
    ];
    for (const { what, asked, token, status } of servers) {
      const { page } = await made(asked);
      await using _ = page;
      const before = await contents();
      const { json } = await page.ask("/api/session", { token: token ?? undefined });
      assert.equal([json.mayChange, json.wantsToken], [false, status === 401], what);
      for (const route of CHANGES) {
        const answer = await page.change(pathOf(route), BODIES[route.path], token);
        assert.is(answer.status, status, `${what}: ${route.path}: ${answer.text}`);
        assert.is((await page.ask(pathOf(route), { token: TOKEN })).status, 405, "by GET it is no route");
      }
      assert.equal(await contents(), before, what);
      assert.equal(page.log, [], "nothing was done, and nothing went wrong inside");
    }
    const { page } = await made();
    await using _ = page;
    for (const route of CHANGES) {
      const answer = await page.change(pathOf(route), BODIES[route.path]);
      // There is no recovery here: what that route does is tried elsewhere.
      assert.is(answer.status, route.path.endsWith("/approve") ? 409 : 200, `${route.path}: ${answer.text}`);
    }
    assert.is(page.log.length, CHANGES.length - 1, "each change is told on the server's terminal");
  });

  test("a wrong token waits for its answer, each for twice as long; the right one never does; and no log and no answer has it", async () => {
    const { page } = await made();
    await using _ = page;
    for (let n = 0; n < 3; n++) {
      const { status, headers } = await page.ask("/api/fleet", { token: "wrong" });
      assert.equal([status, headers["www-authenticate"]], [401, 'Bearer realm="sf-state"']);
    }
    assert.equal(page.waits, [100, 200, 400]);
    const answer = await page.ask("/api/fleet", { token: TOKEN });
    assert.is(answer.status, 200);
    assert.is(answer.json.session.mayChange, true);
    assert.is(page.waits.length, 3);
    await page.change(`/api/flow/redis/${flow}/breaker/trip`, { confirm: flow, reason: "test" });
    const all = await Promise.all(
      LOOKS.filter(({ path }) => path !== "/api/stream").map((route) => page.ask(pathOf(route), { token: TOKEN })),
    );
    for (const { text, headers } of all) assert.not.match(text + JSON.stringify(headers), TOKEN);
    assert.not.match(page.log.join("\n"), TOKEN);
    assert.match(page.log.join("\n"), `/api/flow/redis/${flow}/breaker/trip`);
    assert.is(all.length, LOOKS.length - 1);
  });

  test("every answer says what browsers may do with it: keep nothing, guess nothing, frame nothing, run nothing of others", async () => {
    const { page } = await made();
    await using _ = page;
    const answers = [
      await page.ask("/"),
      await page.ask("/nothing"),
      await page.ask("/api/fleet"),
      await page.ask("/api/nothing"),
      await page.ask(`/api/flow/redis/${flow}/report.html`),
      await page.ask(`/api/flow/redis/${flow}/export/trades.csv`),
      await page.ask(`/api/flow/redis/${flow}/breaker/trip`, { method: "POST", body: {} }),
      await page.ask("/api/fleet", { headers: { host: "evil.example" } }),
    ];
    for (const { headers, status } of answers) {
      assert.equal(
        ["cache-control", "referrer-policy", "x-content-type-options", "x-frame-options", "set-cookie"].map(
          (name) => headers[name],
        ),
        ["no-store", "no-referrer", "nosniff", "DENY", undefined],
        String(status),
      );
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /^default-src 'none'; /);
      assert.not.match(policy, /script-src[^;]*unsafe|\*|http:/);
    }
    assert.match(String(answers[0]?.headers["content-security-policy"]), /script-src 'self'; .*frame-ancestors 'none'/);
    const [, , , , report, csv] = answers;
    assert.is(report?.headers["content-disposition"], `attachment; filename="${flow}-report.html"`);
    assert.is(csv?.headers["content-disposition"], `attachment; filename="${flow}-trades.csv"`);
  });

  test("what trips or resets needs the name of it, as it is written", async () => {
    const { page, config } = await made();
    await using _ = page;
    await using bot = await StateManager.open(flow, config, { instanceId: "bot-1" });
    const targets = [
      [`/api/flow/redis/${flow}/breaker`, flow],
      [`/api/account/redis/${account}/breaker`, account],
      ["/api/breaker", "all flows"],
    ] as const;
    for (const [path, name] of targets) {
      for (const confirm of ["", name.toUpperCase(), `${name} `, "yes", "all"]) {
        if (confirm === name) continue;
        for (const deed of ["trip", "reset"]) {
          const { status, json } = await page.change(`${path}/${deed}`, { confirm, reason: "test" });
          assert.is(status, 400);
          assert.match(json.error.message, "nothing was done");
        }
      }
      const { status, json } = await page.change(`${path}/trip`, { reason: "test" });
      assert.is(status, 400, JSON.stringify(json));
    }
    assert.is(await bot.checkCircuitBreaker(), false);
    assert.is((await bot.getAccount())?.breaker.active, false);

    for (const [path, name] of targets) {
      const { status, text } = await page.change(`${path}/trip`, { confirm: name, reason: "hands off", for: "2h" });
      assert.is(status, 200, text);
      const refused = await bot.admit({ signalId: newFlowId(), pair: "BTC/USDT", side: "long", size: 1, price: 1 });
      assert.equal(
        !refused.admitted && refused.reason,
        path.includes("account") ? "account_circuit_breaker" : "circuit_breaker",
      );
      assert.is((await page.change(`${path}/reset`, { confirm: name })).status, 200);
      assert.is((await page.ask("/api/fleet")).json.flows[0].entry.may, true, "and the fleet is read anew at once");
    }
  });

  test("too much is refused: header, body, streams; and what is no request, or no JSON that is asked for", async () => {
    const { page } = await made({ mostStreams: 2 });
    await using _ = page;
    const host = `Host: 127.0.0.1:${page.port}`;
    assert.match(await page.raw(`GET / HTTP/1.1\r\n${host}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
    assert.match(await page.raw("nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
    const trip = `/api/flow/redis/${flow}/breaker/trip`;
    const long = await page.change(trip, { confirm: flow, reason: "x".repeat(70_000) });
    assert.equal([long.status, long.json.error.code], [413, "request"]);
    const piecewise = [
      `POST ${trip} HTTP/1.1`,
      host,
      "Content-Type: application/json",
      `Authorization: Bearer ${TOKEN}`,
      "Transfer-Encoding: chunked",
      "",
      "11170",
      "x".repeat(70_000),
      "",
    ];
    assert.match(await page.raw(piecewise.join("\r\n")), /^HTTP\/1\.1 413 /);
    for (const [body, message] of [
      ["", "no JSON"],
      ["{", "no JSON"],
      ["[]", "expected object"],
      [{ confirm: flow }, "reason"],
      [{ confirm: flow, reason: " " }, "reason: say why"],
      [{ confirm: flow, reason: "x", more: 1 }, "more"],
      [{ confirm: flow, reason: "x", for: "soon" }, "for: Expected a duration"],
      [{ confirm: flow, reason: 7 }, "reason"],
      ['{"__proto__":{"confirm":1},"confirm":"x","reason":"y"}', ""],
    ] as const) {
      const { status, json } = await page.ask(trip, {
        method: "POST",
        body,
        token: TOKEN,
        headers: { "content-type": "application/json" },
      });
      assert.is(status, 400, JSON.stringify(body));
      assert.match(json.error.message, message);
    }
    using first = await page.stream();
    using second = await page.stream();
    await first.next("hello");
    await second.next("hello");
    const third = await page.ask("/api/stream");
    assert.equal([third.status, third.json.error.code, third.headers["retry-after"]], [429, "too_many", "10"]);
  });

  test("a path leads to nothing else: no file, no other flow, no other place", async () => {
    const { page } = await made();
    await using _ = page;
    const paths = [
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/index.html%00",
      "/api/flow/redis/..%2f..%2fetc",
      "/api/flow/redis/%2e%2e",
      "/api/flow/redis/__proto__",
      "/api/flow/__proto__/x",
      "/api/flow/redis/%ff",
      "/api/flow/redis/%3Cimg%20src=x%3E",
      "/api/flow/folder-1/x",
      "/api/flow/redis/no-such-flow",
      "/api/flow/redis",
      "/api/",
      // Nothing in a path is resolved, and no host is taken from it.
      "//[",
      "//evil.example/api/fleet",
      "/x/../api/fleet",
      "/./api/fleet",
      "/api//fleet",
      "/api/fleet/",
      "/API/fleet",
      "/%61pi/fleet",
      "/assets/../index.html",
      "/assets/..%2f..%2fpackage.json",
      "/%5c..%5cpackage.json",
    ];
    for (const path of paths) {
      const answer = await page.raw(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 404 /, `${path}: ${answer.slice(0, 60)}`);
    }
    for (const target of ["http://[", `http://127.0.0.1:${page.port}/api/fleet`, "*"]) {
      const answer = await page.raw(
        `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 400 /, `${target}: ${answer.slice(0, 60)}`);
    }
    assert.equal(page.log, []);
  });

  test("a request that hides another one, or wants another protocol, gets neither; and who breaks off is no error", async () => {
    const { page } = await made();
    await using _ = page;
    const host = `Host: 127.0.0.1:${page.port}`;
    const post = [`POST /api/breaker/trip HTTP/1.1`, host, "Content-Type: application/json"];
    const hidden = "0\r\n\r\nGET /api/session HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    for (const more of [
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      ["Content-Length: 5", "Content-Length: 6"],
      ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
      ["Transfer-Encoding : chunked"],
      ["Transfer-Encoding: xchunked"],
      ["X-A: b\rX-B: c"],
      ["X-A: b\0c"],
      ["Content-Length: +5"],
    ]) {
      const answer = await page.raw(`${[...post, ...more, "", ""].join("\r\n")}${hidden}`);
      assert.equal(answer.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 400"], more.join(" + "));
    }
    const long = `1;${"x".repeat(1_000_000)}\r\n{\r\n0\r\n\r\n`;
    const chunked = [...post, `Authorization: Bearer ${TOKEN}`, "Transfer-Encoding: chunked", "", ""];
    assert.match(await page.raw(`${chunked.join("\r\n")}${long}`), /^HTTP\/1\.1 4\d\d /);
    const upgrades = [
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ];
    for (const upgrade of upgrades) {
      const asked = `GET /api/session HTTP/1.1\r\n${host}\r\nConnection: Upgrade, close\r\n${upgrade}\r\n\r\n`;
      assert.match(await page.raw(asked), /^HTTP\/1\.1 200 /);
    }
    for (const method of ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]) {
      for (const path of ["/", "/api/fleet", "/api/breaker/trip"]) {
        assert.is((await page.ask(path, { method, token: TOKEN })).status, 405, `${method} ${path}`);
      }
    }
    const arrived = new Promise<IncomingMessage>((resolve) => {
      subscribe("http.server.request.start", (message) => {
        if (typeof message === "object" && message !== null && "request" in message)
          resolve(message.request as IncomingMessage);
      });
    });
    const broken = connect(page.port, "127.0.0.1");
    const begun = [...post, `Authorization: Bearer ${TOKEN}`, "Expect: 100-continue", "Content-Length: 100", "", ""];
    broken.write(begun.join("\r\n"));
    await once(broken, "data"); // the body is awaited
    broken.destroy();
    const request = await arrived;
    if (!request.closed) await once(request, "close").catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(page.log, []);
  });
}
