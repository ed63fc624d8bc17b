/** Plots of a report as SVG, drawn here: nothing is loaded. */
import { eightDigits } from "../words/in-words.js";
import type { HeldPoint } from "./holds.js";
import type { EquityPoint, ReportDay } from "./report.js";

const WIDTH = 960;
const HEIGHT = 240;
const LEFT = 90;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 24;

interface Scale {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  readonly low: number;
  readonly high: number;
}

/** The equity after each booking, as steps. */
export function equityPlot(points: readonly EquityPoint[], until: Date): string {
  const [first] = points;
  if (!first || points.length < 2) return nothing("nothing was booked");
  const from = first.at.getTime();
  const scale = scaleOf(
    points.map(({ equity }) => equity),
    from,
    Math.max(until.getTime(), from + 1),
  );
  const { x, y } = scale;
  const path = [`M${at(x(from))} ${at(y(first.equity))}`];
  for (const point of points.slice(1)) {
    path.push(`H${at(Math.max(x(from), x(point.at.getTime())))}`, `V${at(y(point.equity))}`);
  }
  path.push(`H${at(x(until.getTime()))}`);
  return svg("Equity", `${axes(scale, day(first.at), day(until))}<path class="line" d="${path.join("")}"/>`);
}

/** The number of open positions, as steps. */
export function heldPlot(points: readonly HeldPoint[], until: Date): string {
  const [first] = points;
  if (!first || points.every(({ positions }) => positions === 0)) return nothing("no position was open");
  const from = first.at.getTime();
  const scale = scaleOf([0, ...points.map(({ positions }) => positions)], from, Math.max(until.getTime(), from + 1));
  const { x, y } = scale;
  const path = [`M${at(x(from))} ${at(y(first.positions))}`];
  for (const { at: moment, positions } of points.slice(1))
    path.push(`H${at(x(moment.getTime()))}`, `V${at(y(positions))}`);
  path.push(`H${at(x(until.getTime()))}`);
  return svg("Open positions", `${axes(scale, day(first.at), day(until))}<path class="line" d="${path.join("")}"/>`);
}

/** A bar for each day's bookings. */
export function dayPlot(days: readonly ReportDay[]): string {
  const [first] = days;
  const last = days.at(-1);
  if (!first || !last) return nothing("no day begins in the period");
  const scale = scaleOf([0, ...days.map(({ booked }) => booked)], 0, days.length);
  const { x, y } = scale;
  const gap = days.length > 200 ? 0 : 1;
  const bars = days.map(({ day, booked }, place) => {
    const [top, bottom] = booked > 0 ? [y(booked), y(0)] : [y(0), y(booked)];
    const width = Math.max(0.5, x(place + 1) - x(place) - gap);
    return `<rect class="${booked < 0 ? "loss" : "gain"}" x="${at(x(place))}" y="${at(top)}" width="${at(width)}" height="${at(Math.max(0, bottom - top))}"><title>${day}: ${booked}</title></rect>`;
  });
  return svg("Booked by day", axes(scale, first.day, last.day) + bars.join(""));
}

function scaleOf(values: readonly number[], from: number, to: number): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  return {
    low,
    high,
    x: (place) => LEFT + ((place - from) / (to - from)) * (WIDTH - LEFT - RIGHT),
    y: (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM),
  };
}

function axes({ low, high, y }: Scale, begin: string, end: string): string {
  const marks = [low, (low + high) / 2, high, ...(low < 0 && high > 0 ? [0] : [])];
  const lines = marks.map(
    (mark) =>
      `<line class="${mark === 0 ? "zero" : "grid"}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(mark))}" y2="${at(y(mark))}"/>` +
      `<text x="${LEFT - 8}" y="${at(y(mark) + 4)}" text-anchor="end">${short(mark)}</text>`,
  );
  const foot = HEIGHT - 6;
  return `${lines.join("")}<text x="${LEFT}" y="${foot}">${begin}</text><text x="${WIDTH - RIGHT}" y="${foot}" text-anchor="end">${end}</text>`;
}

function svg(title: string, inside: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">${inside}</svg>`;
}

function nothing(why: string): string {
  return `<p class="none">${why}</p>`;
}

function at(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function day(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function short(value: number): string {
  return eightDigits(value).toLocaleString("en-US", { maximumSignificantDigits: 8 });
}
