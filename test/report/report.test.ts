/** The figures of a report by hand, from their definitions. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Trade } from "../../src/index.js";
import { FIGURES, reportOf } from "../../src/index.js";
import { escaped, reportHtml } from "../../src/report/html.js";
import { code, plain, reportMarkdown } from "../../src/report/markdown.js";
import { thinned } from "../../src/report/thinned.js";

const test = suite("report");
const DAY = 86_400_000;
const HOUR = 3_600_000;
const BEGIN = Date.UTC(2026, 10, 1);

let count = 0;

/** A long trade of one hour that ended so many hours after the begin. */
function trade(pnl: number, hours: number, more: Partial<Trade> = {}): Trade {
  count++;
  const exitTs = new Date(BEGIN + hours * HOUR);
  return {
    key: `${exitTs.getTime()}-${count}`,
    id: `t-${count}`,
    pair: "BTC/USDT",
    side: "long",
    size: 1,
    entryPrice: 100,
    exitPrice: 100 + pnl,
    entryTs: new Date(exitTs.getTime() - HOUR),
    exitTs,
    pnl,
    fees: 0,
    cash: 0,
    currency: "USDT",
    reason: "tp",
    metadata: {},
    ...more,
  };
}

const period = { from: BEGIN, to: BEGIN + 4 * DAY, now: BEGIN + 4 * DAY };

test("a breakeven counts among the trades, and is neither a win nor a loss", () => {
  const { figures } = reportOf([trade(30, 1), trade(-10, 2), trade(0, 3), trade(-10, 4)], period);
  assert.is(figures.trades, 4);
  assert.equal([figures.wins, figures.losses, figures.breakevens], [1, 2, 1]);
  assert.is(figures.winRate, 0.25);
  assert.is(figures.profitFactor, 1.5);
  assert.is(figures.payoff, 3);
  assert.is(figures.expectancy, 2.5);
  assert.is(figures.expectancyRatio, 0.25);
  assert.is(figures.longestLosingStreak, 2);
  assert.is(figures.longestWinningStreak, 1);
});

test("sums of money are exact", () => {
  const { figures } = reportOf([trade(0.1, 1), trade(0.2, 2), trade(-0.3, 3)], period);
  assert.is(figures.net, 0);
  assert.is(figures.grossProfit, 0.3);
  assert.is(figures.profitFactor, 1);
});

test("without losses profit factor and payoff are undefined, with losses only the factor is 0", () => {
  const won = reportOf([trade(5, 1)], period);
  assert.equal([won.figures.profitFactor, won.figures.payoff], [null, null]);
  assert.match(won.reasons.profitFactor ?? "", "no losing trades");
  const lost = reportOf([trade(-5, 1)], period);
  assert.is(lost.figures.profitFactor, 0);
  assert.is(lost.figures.averageWin, null);
});

test("SQN is the square root of n x mean / deviation, and undefined where there is none", () => {
  // 1, 2, 3: mean 2, deviation 1.
  assert.ok(
    Math.abs((reportOf([trade(1, 1), trade(2, 2), trade(3, 3)], period).figures.sqn ?? 0) - 2 * Math.sqrt(3)) < 1e-12,
  );
  assert.is(reportOf([trade(1, 1)], period).figures.sqn, null);
  assert.is(reportOf([trade(0.1, 1), trade(0.1, 2)], period).figures.sqn, null);
});

test("a trade whose result nobody told is counted and in the net, and judged nowhere", () => {
  const { figures, notes } = reportOf([trade(-1, 1), trade(7, 2, { untold: 1, id: "gone" }), trade(-1, 3)], period);
  assert.equal([figures.trades, figures.untold, figures.wins, figures.losses], [3, 1, 0, 2]);
  assert.equal([figures.net, figures.winRate, figures.longestLosingStreak], [5, 0, 2]);
  assert.match(notes.join("\n"), "the result is not fully known of 1 trade: gone");
});

test("idle days count in Sharpe and Sortino, which are of 365 days a year unless 252 is asked for", () => {
  // Equity 1,000: +10 on the first day, -20.2 on the third: returns 0.01, 0, -0.02, 0.
  const trades = [trade(10, 1), trade(-20.2, 49)];
  const { figures, days } = reportOf(trades, { ...period, startEquity: 1000 });
  assert.equal(
    days.map((day) => day.return),
    [0.01, 0, -0.02, 0],
  );
  const mean = -0.01 / 4;
  const deviation = Math.sqrt((0.0125 ** 2 + 0.0025 ** 2 + 0.0175 ** 2 + 0.0025 ** 2) / 3);
  const near = (a: number | null, b: number) => assert.ok(a !== null && Math.abs(a - b) < 1e-9, `${a}, not ${b}`);
  near(figures.sharpe, (mean / deviation) * Math.sqrt(365));
  near(figures.sortino, (mean / 0.01) * Math.sqrt(365)); // sqrt(0.0004 / 4) is 0.01
  near(figures.cagr, (989.8 / 1000) ** (365 / 4) - 1);
  near(figures.calmar, ((989.8 / 1000) ** (365 / 4) - 1) / 0.02);
  near(
    reportOf(trades, { ...period, startEquity: 1000, daysPerYear: 252 }).figures.sharpe,
    (mean / deviation) * Math.sqrt(252),
  );
  assert.is(figures.days, 4);
});

test("without a known equity there are no returns and no relative drawdown, and the reason says what to do", () => {
  const { figures, reasons, notes } = reportOf([trade(10, 1), trade(-4, 2)], period);
  for (const name of ["sharpe", "sortino", "cagr", "maxDrawdownShare", "endEquity"] as const) {
    assert.is(figures[name], null, name);
    assert.match(reasons[name] ?? "", "risk.starting_equity");
  }
  assert.is(figures.maxDrawdown, 4);
  assert.match(notes.join("\n"), "the curve begins at 0");
});

test("an equity that is not above 0 at a day's start leaves Sharpe undefined", () => {
  const { figures, reasons } = reportOf([trade(-100, 1), trade(5, 30)], { ...period, startEquity: 100 });
  assert.is(figures.sharpe, null);
  assert.match(reasons.sharpe ?? "", "not above 0 at the start of 2026-11-02");
});

test("the drawdown is of the equity after every booking, the starting equity being the first peak", () => {
  // 1,000 -> 900 -> 1,100 -> 950 -> 1,000: the deepest fall is 150 of 1,100; the largest relative one is that, too.
  const trades = [trade(-100, 1), trade(200, 3), trade(-150, 7), trade(50, 8)];
  const { figures, drawdown } = reportOf(trades, { ...period, startEquity: 1000 });
  assert.is(figures.maxDrawdown, 150);
  assert.is(figures.maxDrawdownShare, 150 / 1100);
  assert.is(figures.largestDrawdownShare, 150 / 1100);
  assert.is(figures.drawdownLength, 4 * HOUR);
  assert.is(figures.longestUnderWater, 4 * DAY - 3 * HOUR); // from the peak to the end of the period
  assert.equal(drawdown, {
    peakAt: new Date(BEGIN + 3 * HOUR),
    troughAt: new Date(BEGIN + 7 * HOUR),
    recoveredAt: null,
  });
});

test("the largest relative drawdown may be another one than the deepest", () => {
  // 100 -> 50 (50%), then 1,050 -> 900 (150).
  const { figures, drawdown } = reportOf([trade(-50, 1), trade(1000, 2), trade(-150, 3), trade(150, 4)], {
    ...period,
    startEquity: 100,
  });
  assert.is(figures.maxDrawdown, 150);
  assert.is(figures.largestDrawdownShare, 0.5);
  assert.equal(drawdown?.recoveredAt, new Date(BEGIN + 4 * HOUR));
});

test("a withdrawal is no drawdown: the peak moves in proportion", () => {
  const at = (hours: number) => new Date(BEGIN + hours * HOUR);
  const day = "2026-11-01";
  const bookings = [
    { at: at(1), day, amount: -1000, kind: "pnl" as const, equity: 9000 },
    { at: at(2), day, amount: -5000, kind: "transfer" as const, equity: 4000 },
    { at: at(3), day, amount: -444.44, kind: "pnl" as const, equity: 3555.56 },
  ];
  const { figures } = reportOf([], { ...period, bookings });
  assert.is(figures.startEquity, 10_000);
  assert.is(figures.endEquity, 3555.56);
  assert.is(figures.transfers, -5000);
  assert.is(figures.booked, -1444.44);
  assert.is(figures.maxDrawdown, 1000); // 4,444.44444444 - 3,555.56 is less
  assert.ok(Math.abs((figures.largestDrawdownShare ?? 0) - (1 - 3555.56 / (40_000 / 9))) < 1e-9);
});

test("slippage is what fills cost beyond the price asked for, weighted by its size; who asked for none is counted", () => {
  const bought = trade(1, 1, { entryAsked: 100, entryPrice: 101, exitAsked: 110, exitPrice: 110 });
  const sold = trade(1, 2, { side: "short", size: 2, entryAsked: 100, entryPrice: 100.5, exitPrice: 90 });
  // Long: 1 worse of 100, nothing of 110; short: sold 0.5 x 2 better of 200. 0 of 410.
  const { figures } = reportOf([bought, sold], period);
  assert.is(figures.slippage, 0);
  assert.equal([figures.slippageOrders, figures.slippageUnknown], [3, 1]);
  assert.is(reportOf([bought], period).figures.slippage, (1 / 210) * 10_000);
  assert.is(reportOf([trade(1, 1)], period).figures.slippage, null);
});

test("exposure is the union of all holds, of open positions, too, and their sum", () => {
  // Two hours, of which the second of both trades; an open position holds the last day.
  const position = {
    id: "open",
    pair: "BTC/USDT",
    side: "long" as const,
    size: 1,
    entryPrice: 1,
    entryTs: new Date(BEGIN + 3 * DAY),
    realised: 0,
    fees: 0,
    cash: 0,
    metadata: {},
    openedBy: "fills" as const,
    version: 1,
  };
  const long = trade(1, 2, { entryTs: new Date(BEGIN - HOUR) });
  const { figures } = reportOf([long, trade(1, 2)], { ...period, positions: [position] });
  assert.is(figures.exposureTime, (2 + 24) / 96);
  assert.is(figures.averagePositions, (2 + 1 + 24) / 96);
  assert.is(figures.averageHold, 2 * HOUR);
});

test("a trade counts where its end lies in the period: from is inside, to is outside", () => {
  const at = { from: BEGIN + HOUR, to: BEGIN + 2 * HOUR, now: period.now };
  assert.is(reportOf([trade(1, 1), trade(1, 2)], at).figures.trades, 1);
  assert.is(reportOf([], at).figures.days, 0);
  assert.match(reportOf([], at).notes.join("\n"), "no trading day begins in the period");
});

test("the report says from when on trades, and the log of events, are not kept", () => {
  const days = [
    { day: "2026-11-01", pnl: 5, parts: { closed: 5, open: 0, later: 0, cash: 0, untied: 0 } },
    { day: "2026-11-03", pnl: 1, parts: { closed: 1, open: 0, later: 0, cash: 0, untied: 0 } },
  ];
  const { notes, figures, parts } = reportOf([trade(1, 50)], {
    ...period,
    days,
    bookings: [{ at: new Date(BEGIN + 50 * HOUR), day: "2026-11-03", amount: 1, kind: "pnl", equity: 106 }],
    logSince: BEGIN + 50 * HOUR,
  });
  assert.match(notes.join("\n"), "trades from 2026-11-01 on until 2026-11-03T02:00:00.000Z are no longer kept");
  assert.match(notes.join("\n"), "events before 2026-11-03T02:00:00.000Z are no longer kept");
  assert.equal([figures.startEquity, figures.booked, figures.endEquity], [100, 6, 106]);
  assert.is(parts?.closed, 6);
});

test("by strategy reads the metadata, which may have another name, and nothing that it merely inherits", () => {
  const trades = [
    trade(1, 1, { metadata: { strategy: "a", team: 7 } }),
    trade(2, 2, { metadata: { strategy: "b" } }),
    trade(4, 3),
  ];
  const groups = (strategyKey?: string) =>
    reportOf(trades, { ...period, by: "strategy", ...(strategyKey && { strategyKey }) }).groups.map(
      ({ key, figures }) => [key, figures.net],
    );
  assert.equal(groups(), [
    ["a", 1],
    ["b", 2],
    [null, 4],
  ]);
  assert.equal(groups("team"), [
    ["7", 1],
    [null, 6],
  ]);
  assert.equal(groups("__proto__"), [[null, 7]]);
  assert.equal(groups("constructor"), [[null, 7]]);
});

test("by day and by month follow the trading day", () => {
  const trades = [trade(1, 1), trade(2, 7)];
  const keys = (by: "day" | "month") =>
    reportOf(trades, { ...period, by, dayStart: "06:00" }).groups.map(({ key }) => key);
  assert.equal(keys("day"), ["2026-10-31", "2026-11-01"]);
  assert.equal(keys("month"), ["2026-10", "2026-11"]);
});

test("every figure has a title, a unit and one line of definition", () => {
  for (const [name, { title, unit, definition }] of Object.entries(FIGURES)) {
    assert.ok(title.length > 2 && unit.length > 2 && definition.length > 10, name);
    assert.not.match(definition, "\n");
  }
});

test("positions that were open over time, and the plot of it: a step where one opens or ends", () => {
  const [hour, start] = [3_600_000, Date.parse("2026-01-05T00:00Z")];
  const hold = (id: string, from: number, to: number) =>
    trade(1, 0, { id, entryTs: new Date(start + from * hour), exitTs: new Date(start + to * hour) });
  const report = reportOf([hold("a", -5, 2), hold("b", 1, 4), hold("c", 2, 3), hold("d", 6, 8)], {
    from: start,
    to: start + 10 * hour,
    now: start + 10 * hour,
  });
  assert.equal(
    report.held.map(({ at, positions }) => [(at.getTime() - start) / hour, positions]),
    [
      [0, 1],
      [1, 2],
      [3, 1],
      [4, 0],
      [6, 1],
      [8, 0],
    ],
  );
  const { averagePositions } = report.figures;
  assert.is(averagePositions, (1 * 1 + 2 * 2 + 1 * 1 + 2 * 1) / 10);
  // 86 units of width an hour from 90 on; two positions stand at 12, none at 216.
  const path = "M90 114H176V12H348V114H434V216H606V114H778V216H950";
  assert.match(reportHtml("f", report), `aria-label="Open positions"`);
  assert.match(reportHtml("f", report), `<path class="line" d="${path}"/>`);
  assert.match(reportHtml("f", reportOf([], period)), "no position was open");
});

const HOSTILE = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  "a|b`c`",
  "\u202Eevil\nline",
  "[x](http://x)",
  "__proto__",
];

test("in HTML no stored text is markup, and nothing is loaded", () => {
  const trades = HOSTILE.map((text, at) => trade(1, at, { pair: text, id: text, untold: 1 }));
  const html = reportHtml(HOSTILE.join(" "), reportOf(trades, { ...period, by: "pair" }));
  assert.not.match(html, /<script|<img|<link|<iframe|\bon\w+="|\u202E/i);
  assert.not.match(html, /<[^>]*\b(?:src|href)=/i);
  assert.match(html, "default-src 'none'");
  assert.match(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
  assert.match(html, /<svg .*<path class="line"/s);
  const rows = html.slice(html.indexOf("By pair")).split("</table>")[0] ?? "";
  assert.is(rows.match(/<tr>/g)?.length, HOSTILE.length + 1);
});

test("in Markdown no stored text is markup, a link, or a cell of its own", () => {
  const trades = HOSTILE.map((text, at) => trade(1, at, { pair: text, id: text, untold: 1 }));
  const text = reportMarkdown("<b>x</b>", reportOf(trades, { ...period, by: "pair" }));
  assert.not.match(text, /(?<!\\)<b>/);
  const rows = text
    .slice(text.indexOf("## By pair"))
    .split("\n")
    .filter((line) => line.startsWith("|"));
  assert.is(
    rows.length,
    2 +
      HOSTILE.length +
      0 +
      text
        .slice(text.indexOf("## Days"))
        .split("\n")
        .filter((line) => line.startsWith("|")).length,
  );
  for (const row of rows) if (row.includes("script")) assert.match(row, "`<script>alert(1)</script>`");
  assert.is(code("a|b`c`"), "`` a\\|b`c` ``");
  assert.is(plain("@all http://x <b> *x*"), "\\@all http\\://x \\<b\\> \\*x\\*");
  assert.is(escaped(`'"&<>`), "&#39;&quot;&amp;&lt;&gt;");
});

test("a curve of many points keeps its first, its last, and its extremes", () => {
  const points = Array.from({ length: 50_000 }, (_, at) => ({ at, height: at === 31_234 ? -5 : at === 777 ? 9 : 1 }));
  const kept = thinned(points, ({ height }) => height);
  assert.ok(kept.length <= 2000);
  assert.equal([kept[0]?.at, kept.at(-1)?.at], [0, 49_999]);
  for (const height of [-5, 9]) assert.ok(kept.some((point) => point.height === height));
});

test.run();
