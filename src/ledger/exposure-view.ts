/** The open exposure after each entry and each end, over the trades and the open positions. */
export const EXPOSURE_VIEW = `CREATE VIEW exposure AS
WITH holds AS (
  SELECT entry_ts, exit_ts, side, notional FROM trades
  UNION ALL
  SELECT entry_ts, NULL, side, notional FROM positions
), moves AS (
  SELECT entry_ts AS ts, side, 1 AS step, notional FROM holds
  UNION ALL
  SELECT exit_ts, side, -1, -notional FROM holds WHERE exit_ts IS NOT NULL
), moments AS (
  SELECT
    ts,
    sum(step) AS step,
    sum(step) FILTER (WHERE side = 'long') AS long_step,
    sum(step) FILTER (WHERE side = 'short') AS short_step,
    sum(notional) AS notional
  FROM moves GROUP BY ts
)
SELECT
  ts,
  CAST(sum(step) OVER upward AS BIGINT) AS positions,
  CAST(coalesce(sum(long_step) OVER upward, 0) AS BIGINT) AS longs,
  CAST(coalesce(sum(short_step) OVER upward, 0) AS BIGINT) AS shorts,
  sum(notional) OVER upward AS notional
FROM moments WINDOW upward AS (ORDER BY ts) ORDER BY ts`;

export const EXPOSURE_COLUMNS = [
  { name: "ts", words: "an entry, or an end" },
  { name: "positions", words: "how many positions were open from then on" },
  { name: "longs", words: "of them long" },
  { name: "shorts", words: "of them short" },
  { name: "notional", words: "their notionals at entry, added up: in quote currencies, whole until the end" },
] as const;
