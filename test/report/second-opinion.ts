/** Every figure of a report once more, in SQL: written from the definitions, over the tables of `sf-state sql`. */
import type { DuckDBConnection } from "@duckdb/node-api";

export interface Asked {
  readonly from: Date;
  readonly to: Date;
  /** Until when what is still open has lasted. */
  readonly now: Date;
  /** ms after midnight UTC. */
  readonly dayStart: number;
  /** A condition on `trades` and `positions`. */
  readonly where?: string;
}

/** By the names of the figures; null where one is not defined. */
export type Opinion = ReadonlyMap<string, number | null>;

export async function opinionOnTrades(connection: DuckDBConnection, asked: Asked): Promise<Opinion> {
  return answer(connection, TRADES, asked);
}

export async function opinionOnAccount(connection: DuckDBConnection, asked: Asked): Promise<Opinion> {
  return answer(connection, ACCOUNT, asked);
}

async function answer(connection: DuckDBConnection, question: string, asked: Asked): Promise<Opinion> {
  const { from, to, now, dayStart, where = "true" } = asked;
  const moment = (at: Date) => `TIMESTAMPTZ '${at.toISOString()}'`;
  const reader = await connection.runAndReadAll(
    question
      .replaceAll("$FROM", moment(from))
      .replaceAll("$TO", moment(to))
      .replaceAll("$UNTIL", moment(new Date(Math.max(from.getTime(), Math.min(to.getTime(), now.getTime())))))
      .replaceAll("$NOW", moment(now))
      .replaceAll("$START", `INTERVAL ${dayStart} MILLISECONDS`)
      .replaceAll("$WHERE", where),
  );
  const [row = []] = reader.getRowsJson();
  return new Map(reader.columnNames().map((name, at) => [name, row[at] === null ? null : Number(row[at])]));
}

const TRADES = `
WITH inside AS (
  SELECT *, split_part(key, '-', 1)::BIGINT AS ms, split_part(key, '-', 2)::BIGINT AS seq FROM trades
  WHERE exit_ts >= $FROM AND exit_ts < $TO AND $WHERE
), told AS (SELECT * FROM inside WHERE untold IS NULL),
sums AS (
  SELECT
    (SELECT count(*) FROM inside) AS trades,
    count(*) FILTER (pnl > 0) AS wins,
    count(*) FILTER (pnl < 0) AS losses,
    count(*) FILTER (pnl = 0) AS breakevens,
    (SELECT count(*) FROM inside WHERE untold IS NOT NULL) AS untold,
    coalesce((SELECT sum(pnl) FROM inside), 0) AS net,
    coalesce(sum(pnl) FILTER (pnl > 0), 0) AS gain,
    coalesce(-sum(pnl) FILTER (pnl < 0), 0) AS loss,
    count(*) AS n,
    avg(pnl::DOUBLE) AS mean,
    stddev_samp(pnl::DOUBLE) AS deviation,
    count(DISTINCT pnl) AS different
  FROM told
), orders AS (
  SELECT entry_asked AS asked, entry_price AS fill, size, side = 'long' AS buys FROM inside
  UNION ALL
  SELECT exit_asked, exit_price, size, side = 'short' FROM inside
), slips AS (
  SELECT
    count(*) FILTER (asked > 0 AND fill IS NOT NULL) AS known,
    count(*) AS all_orders,
    sum(CASE WHEN buys THEN fill - asked ELSE asked - fill END * size) FILTER (asked > 0 AND fill IS NOT NULL) AS cost,
    sum(asked * size) FILTER (asked > 0 AND fill IS NOT NULL) AS weight
  FROM orders
), runs AS (
  SELECT sign, count(*) AS length FROM (
    SELECT sign(pnl) AS sign,
      row_number() OVER (ORDER BY exit_ts, ms, seq) - row_number() OVER (PARTITION BY sign(pnl) ORDER BY exit_ts, ms, seq) AS island
    FROM told WHERE pnl <> 0
  ) GROUP BY sign, island
), holds AS (
  SELECT greatest(entry_ts, $FROM) AS begin, least(exit_ts, $UNTIL) AS finish FROM trades WHERE $WHERE
  UNION ALL
  SELECT greatest(entry_ts, $FROM), least($NOW, $UNTIL) FROM positions WHERE $WHERE
), clipped AS (
  SELECT epoch_ms(begin) AS begin, epoch_ms(finish) AS finish FROM holds WHERE finish > begin
), covered AS (
  SELECT begin, finish, max(finish) OVER (ORDER BY begin, finish ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
  FROM clipped
), open AS (
  SELECT
    coalesce(sum(greatest(0, finish - greatest(begin, coalesce(reached, begin)))), 0) AS any_open,
    coalesce(sum(finish - begin), 0) AS total,
    epoch_ms($UNTIL) - epoch_ms($FROM) AS length
  FROM covered
)
SELECT
  trades, wins, losses, breakevens, untold, net,
  gain AS "grossProfit", loss AS "grossLoss",
  wins / nullif(n, 0) AS "winRate",
  gain::DOUBLE / nullif(wins, 0) AS "averageWin",
  loss::DOUBLE / nullif(losses, 0) AS "averageLoss",
  (gain::DOUBLE / nullif(wins, 0)) / (loss::DOUBLE / nullif(losses, 0)) AS payoff,
  gain::DOUBLE / nullif(loss::DOUBLE, 0) AS "profitFactor",
  mean AS expectancy,
  mean / (loss::DOUBLE / nullif(losses, 0)) AS "expectancyRatio",
  CASE WHEN n >= 2 AND different > 1 THEN sqrt(n) * mean / deviation END AS sqn,
  coalesce((SELECT sum(fees) FROM inside), 0) AS fees,
  coalesce((SELECT sum(cash) FROM inside), 0) AS funding,
  cost / weight * 10000 AS slippage, known AS "slippageOrders", all_orders - known AS "slippageUnknown",
  (SELECT avg(epoch_ms(exit_ts) - epoch_ms(entry_ts)) FROM inside) AS "averageHold",
  (SELECT avg(epoch_ms(exit_ts) - epoch_ms(entry_ts)) FROM told WHERE pnl > 0) AS "averageHoldWins",
  (SELECT avg(epoch_ms(exit_ts) - epoch_ms(entry_ts)) FROM told WHERE pnl < 0) AS "averageHoldLosses",
  coalesce((SELECT max(length) FROM runs WHERE sign < 0), 0) AS "longestLosingStreak",
  coalesce((SELECT max(length) FROM runs WHERE sign > 0), 0) AS "longestWinningStreak",
  any_open / nullif(length, 0) AS "exposureTime",
  total / nullif(length, 0) AS "averagePositions"
FROM sums, slips, open`;

const ACCOUNT = `
WITH RECURSIVE calendar AS (
  SELECT strftime(day, '%Y-%m-%d') AS day, day::TIMESTAMPTZ + $START AS begin
  FROM (SELECT unnest(generate_series(
    CAST($FROM AS DATE)::TIMESTAMP - INTERVAL 2 DAYS, CAST($UNTIL AS DATE)::TIMESTAMP + INTERVAL 2 DAYS, INTERVAL 1 DAY)) AS day)
), period AS (
  SELECT c.day, begin, coalesce(d.pnl, 0) AS pnl, row_number() OVER (ORDER BY c.day) AS place
  FROM calendar c LEFT JOIN days d ON d.day = c.day WHERE begin >= $FROM AND begin < $UNTIL
), bounds AS (SELECT min(day) AS first_day, count(*) AS n, sum(pnl) AS booked FROM period),
log AS (SELECT *, rowid AS place, day >= (SELECT first_day FROM bounds) AS since FROM equity),
steps AS (
  SELECT booked + transfer AS amount, transfer <> 0 AS is_transfer, ts, day, row_number() OVER (ORDER BY day, place) AS n
  FROM log WHERE booked + transfer <> 0 AND day IN (SELECT day FROM period)
), start AS (
  SELECT CAST((SELECT arg_max(equity, place) FROM log WHERE equity IS NOT NULL) AS DECIMAL(38, 8))
    - coalesce((SELECT sum(booked + transfer) FROM log WHERE since), 0) AS equity
), moved AS (SELECT coalesce(sum(amount) FILTER (is_transfer), 0) AS transfers FROM steps),
daily AS (
  SELECT p.day, p.pnl, p.place,
    (SELECT equity FROM start)
      + coalesce(sum(p.pnl + coalesce(t.amount, 0)) OVER (ORDER BY p.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
  FROM period p LEFT JOIN (SELECT day, sum(amount) AS amount FROM steps WHERE is_transfer GROUP BY day) t ON t.day = p.day
), returns AS (SELECT place, pnl::DOUBLE / before::DOUBLE AS r, before FROM daily),
growth AS (SELECT place, r, exp(sum(ln(1 + r)) OVER (ORDER BY place)) AS value FROM returns),
falls AS (SELECT value, greatest(1, max(value) OVER (ORDER BY place)) AS peak FROM growth),
ratios AS (
  SELECT count(*) AS n, avg(r) AS mean, stddev_samp(r) AS deviation, count(DISTINCT r) AS different,
    sqrt(sum(least(r, 0) ** 2) / count(*)) AS below, exp(sum(ln(1 + r))) ** (365 / count(*)) - 1 AS cagr,
    (SELECT max((peak - value) / peak) FROM falls) AS deepest
  FROM returns
), walk AS (
  SELECT 0::BIGINT AS n, equity, equity AS peak, (SELECT min(begin) FROM period) AS peak_at, (SELECT min(begin) FROM period) AS ts,
    0::BIGINT AS under, FALSE AS is_transfer FROM start
  UNION ALL
  SELECT s.n, w.equity + s.amount,
    CASE WHEN s.is_transfer THEN CAST(w.peak::DOUBLE * (w.equity + s.amount)::DOUBLE / w.equity::DOUBLE AS DECIMAL(38, 8))
      ELSE greatest(w.peak, w.equity + s.amount) END,
    CASE WHEN NOT s.is_transfer AND w.equity + s.amount >= w.peak THEN s.ts ELSE w.peak_at END,
    s.ts,
    CASE WHEN NOT s.is_transfer AND w.equity + s.amount >= w.peak AND w.equity < w.peak THEN epoch_ms(s.ts) - epoch_ms(w.peak_at) ELSE 0 END,
    s.is_transfer
  FROM walk w JOIN steps s ON s.n = w.n + 1
), deepest AS (
  -- A deposit makes no drawdown: equity and peak grow in proportion, and so does their difference.
  SELECT peak - equity AS fall, peak, peak_at, ts FROM walk WHERE NOT is_transfer ORDER BY peak - equity DESC, n LIMIT 1
), last AS (SELECT * FROM walk ORDER BY n DESC LIMIT 1)
SELECT
  coalesce(booked, 0) AS booked, bounds.n AS days, start.equity AS "startEquity", start.equity + booked + transfers AS "endEquity", transfers,
  CASE WHEN ratios.n >= 2 AND different > 1 THEN mean / deviation * sqrt(365) END AS sharpe,
  mean / nullif(below, 0) * sqrt(365) AS sortino,
  cagr, cagr / nullif(deepest, 0) AS calmar,
  deepest.fall AS "maxDrawdown",
  deepest.fall::DOUBLE / deepest.peak::DOUBLE AS "maxDrawdownShare",
  (SELECT max((peak - equity)::DOUBLE / peak::DOUBLE) FROM walk) AS "largestDrawdownShare",
  CASE WHEN deepest.fall > 0 THEN epoch_ms(deepest.ts) - epoch_ms(deepest.peak_at) END AS "drawdownLength",
  greatest((SELECT max(under) FROM walk), CASE WHEN last.equity < last.peak THEN epoch_ms($UNTIL) - epoch_ms(last.peak_at) ELSE 0 END)
    AS "longestUnderWater"
FROM bounds, start, moved, ratios, deepest, last`;
