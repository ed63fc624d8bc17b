import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { EquityAnswer, ReportAnswer, TradesAnswer } from "../../wire.js";
import { exactMoney, gainText, moneyText } from "../parts/numbers.js";
import { visible } from "../parts/text.js";

type Trade = TradesAnswer["trades"][number];
type Curve = Pick<EquityAnswer, "curve" | "drawdown" | "to">;

/** Realised equity, a step at each booking, with the trades that ended and the deepest drawdown. */
export function EquityChart({ report, trades }: { report: Curve; trades: readonly Trade[] }) {
  const { curve, drawdown, to } = report;
  const make = (colours: Colours, legend: (text: string) => void): Made | undefined => {
    if (curve.length < 2) return undefined;
    const until = Math.min(Date.parse(to), Date.now());
    const times = [...curve.map(({ at }) => Date.parse(at) / 1000)];
    const values = curve.map(({ equity }) => equity);
    const last = values.at(-1);
    if (last !== undefined && until / 1000 > (times.at(-1) ?? 0)) {
      times.push(until / 1000);
      values.push(last);
    }
    const marks = trades
      .map((trade) => ({ trade, x: Date.parse(trade.exitTs) / 1000 }))
      .filter(({ x }) => x >= (times[0] ?? 0) && x <= (times.at(-1) ?? 0));
    return {
      data: [times, values],
      options: {
        series: [{}, { stroke: colours.info, width: 1.6, ...stepped, points: { show: false } }],
        hooks: {
          drawClear: [(plot) => shadeFall(plot, drawdown, colours)],
          draw: [(plot) => drawMarks(plot, marks, colours, times, values)],
          setCursor: [
            (plot) => {
              const at = plot.cursor.idx;
              if (at === null || at === undefined) return legend("");
              const near = nearest(marks, plot.posToVal(plot.cursor.left ?? 0, "x"), plot);
              const time = new Date((times[at] ?? 0) * 1000).toISOString().slice(0, 16).replace("T", " ");
              const trade = near
                ? ` · ${visible(near.pair)} ${near.side} ${gainText(near.pnl)} (${visible(near.reason)})`
                : "";
              legend(`${time}  equity ${exactMoney(values[at] ?? 0)}${trade}`);
            },
          ],
        },
      },
    };
  };
  return (
    <Chart name="Equity, realised" make={make} of={report} more={trades} empty="Nothing was booked in this time." />
  );
}

/** What each day booked, as bars. */
export function DayChart({ report }: { report: Pick<EquityAnswer, "days"> }) {
  const { days } = report;
  const make = (colours: Colours, legend: (text: string) => void): Made | undefined => {
    if (days.length === 0) return undefined;
    const times = days.map(({ day }) => Date.parse(`${day}T12:00:00Z`) / 1000);
    const gains = days.map(({ booked }) => (booked >= 0 ? booked : null));
    const losses = days.map(({ booked }) => (booked < 0 ? booked : null));
    return {
      data: [times, gains, losses],
      options: {
        series: [
          {},
          { stroke: colours.ok, fill: colours.ok, ...bars, points: { show: false } },
          { stroke: colours.bad, fill: colours.bad, ...bars, points: { show: false } },
        ],
        scales: {
          x: { time: true, range: (_plot, low, high) => [low - 43_200, high + 43_200] },
          y: { range: (_plot, low, high) => [Math.min(0, low) * 1.08, Math.max(0, high) * 1.08 || 1] },
        },
        hooks: {
          setCursor: [
            (plot) => {
              const day = days[plot.cursor.idx ?? -1];
              legend(day ? `${day.day}  ${gainText(day.booked)}, ${day.trades} trades` : "");
            },
          ],
        },
      },
    };
  };
  return <Chart name="Booked by day" isShort make={make} of={report} empty="No day begins in this time." />;
}

interface Made {
  readonly data: uPlot.AlignedData;
  readonly options: Partial<uPlot.Options>;
}

type Colours = Readonly<Record<"ok" | "bad" | "info" | "dim" | "line" | "ink", string>>;

const stepped = pathsOf(uPlot.paths.stepped?.({ align: 1 }));
const bars = pathsOf(uPlot.paths.bars?.({ size: [0.7, 40] }));

function pathsOf(paths: uPlot.Series.PathBuilder | undefined): Pick<uPlot.Series, "paths"> {
  return paths ? { paths } : {};
}

function Chart(props: {
  name: string;
  isShort?: boolean;
  make: (colours: Colours, legend: (text: string) => void) => Made | undefined;
  /** The data of the chart. If it changes, the chart is drawn again. */
  of: unknown;
  more?: unknown;
  empty: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [legend, setLegend] = useState("");
  const [isEmpty, setEmpty] = useState(false);
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const colours = coloursOf(element);
    const made = props.make(colours, setLegend);
    setEmpty(made === undefined);
    if (!made) return;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const axis: uPlot.Axis = {
      stroke: colours.dim,
      font: "12px system-ui, sans-serif",
      grid: { stroke: colours.line, width: 1 },
      ticks: { show: false },
    };
    const options: uPlot.Options = {
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      axes: [
        { ...axis, size: 26, gap: 4, space: 70, values: timeLabels },
        { ...axis, size: 64, gap: 6, space: 36, values: (_plot, splits) => splits.map((value) => axisText(value)) },
      ],
      series: [{}],
      ...made.options,
    };
    const plot = new uPlot(options, made.data, element);
    const watch = new ResizeObserver(() => plot.setSize(size()));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [props.of, props.more, theme]);
  return (
    <figure aria-label={props.name}>
      <figcaption class="legend">{legend === "" ? props.name : legend}</figcaption>
      <div class={`chart ${props.isShort ? "short" : ""}`} ref={place} role="img" aria-label={props.name}>
        {isEmpty && <p class="empty">{props.empty}</p>}
      </div>
    </figure>
  );
}

function axisText(value: number): string {
  return Math.abs(value) >= 100_000
    ? `${moneyText(value / 1000).replace(/\.?0+$/, "")}k`
    : moneyText(value).replace(/\.00$/, "");
}

const DAY_S = 86_400;

function timeLabels(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((seconds) => {
    const text = new Date(seconds * 1000).toISOString();
    return step >= DAY_S || seconds % DAY_S === 0 ? text.slice(5, 10) : text.slice(11, 16);
  });
}

/** The present values of the colours: a canvas knows no CSS variables. */
function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement("span");
  element.append(probe);
  const one = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    ok: one("ok"),
    bad: one("bad"),
    info: one("info"),
    dim: one("dim"),
    line: one("line"),
    ink: one("ink"),
  };
  probe.remove();
  return colours;
}

function useTheme(): number {
  const [count, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => again(undefined);
    query.addEventListener("change", changed);
    const watch = new MutationObserver(changed);
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      query.removeEventListener("change", changed);
      watch.disconnect();
    };
  }, []);
  return count;
}

function shadeFall(plot: uPlot, drawdown: ReportAnswer["drawdown"], colours: Colours): void {
  if (!drawdown) return;
  const { ctx, bbox } = plot;
  const x = (at: string) =>
    Math.max(bbox.left, Math.min(bbox.left + bbox.width, plot.valToPos(Date.parse(at) / 1000, "x", true)));
  const [from, to] = [x(drawdown.peakAt), x(drawdown.troughAt)];
  ctx.save();
  ctx.globalAlpha = 0.09;
  ctx.fillStyle = colours.bad;
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.restore();
}

interface Mark {
  readonly trade: Trade;
  readonly x: number;
}

/** A triangle up for a win, down for a loss, a ring for neither. */
function drawMarks(
  plot: uPlot,
  marks: readonly Mark[],
  colours: Colours,
  times: readonly number[],
  values: readonly number[],
): void {
  const { ctx } = plot;
  const half = 3.6 * devicePixelRatio;
  ctx.save();
  for (const { trade, x } of marks) {
    const left = plot.valToPos(x, "x", true);
    const top = plot.valToPos(values[lastAt(times, x)] ?? 0, "y", true);
    const way = Math.sign(trade.pnl);
    ctx.fillStyle = way > 0 ? colours.ok : way < 0 ? colours.bad : colours.dim;
    ctx.beginPath();
    if (way === 0) ctx.arc(left, top, half * 0.8, 0, 7);
    else {
      const base = top + (way > 0 ? 2.4 * half : -2.4 * half);
      ctx.moveTo(left, base - way * 1.5 * half);
      ctx.lineTo(left + half, base);
      ctx.lineTo(left - half, base);
    }
    ctx.fill();
  }
  ctx.restore();
}

function lastAt(times: readonly number[], x: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((times[middle] ?? 0) <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

function nearest(marks: readonly Mark[], x: number, plot: uPlot): Trade | undefined {
  let best: Mark | undefined;
  for (const mark of marks) if (!best || Math.abs(mark.x - x) < Math.abs(best.x - x)) best = mark;
  return best && Math.abs(plot.valToPos(best.x, "x") - plot.valToPos(x, "x")) < 6 ? best.trade : undefined;
}
