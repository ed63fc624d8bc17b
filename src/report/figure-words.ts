import { amount, span } from "../words/in-words.js";
import { FIGURES, type FigureDefinition, type FigureName, type FigureSet, namesOf } from "./figures.js";

/** A figure in words. */
export interface FigureLine {
  readonly name: FigureName;
  readonly title: string;
  /** The figure, or `undefined: why`. */
  readonly value: string;
  readonly isDefined: boolean;
  readonly definition: string;
}

const percent = new Intl.NumberFormat("en-US", {
  style: "percent",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const number = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
  useGrouping: false,
});

/** Figures in words; by default all. */
export function figureLines<Name extends FigureName>(
  { figures, reasons }: FigureSet<Name>,
  currency: string,
  names: readonly Name[] = namesOf(figures),
): FigureLine[] {
  return names.map((name) => {
    const definition: FigureDefinition = FIGURES[name];
    const value = figures[name];
    const words = value === null ? `undefined: ${reasons[name] ?? ""}` : figureText(definition, value, currency);
    return {
      name,
      title: definition.title,
      value: words,
      isDefined: value !== null,
      definition: definition.definition,
    };
  });
}

/** One figure in words; empty if there is none. */
export function figureText({ unit }: FigureDefinition, value: number | null, currency: string): string {
  if (value === null) return "";
  switch (unit) {
    case "count":
      return String(value);
    case "money":
      return `${amount(value)}${currency === "" ? "" : ` ${currency}`}`;
    case "share":
      return percent.format(value);
    case "number":
      return number.format(value);
    case "span":
      return span(value);
    case "bps":
      return `${number.format(value)} bps`;
  }
}

/** The figures that are read first: they stand large at the head of a report. */
export const HEADLINE: readonly FigureName[] = [
  "net",
  "trades",
  "winRate",
  "profitFactor",
  "expectancy",
  "maxDrawdown",
  "sharpe",
  "sortino",
];

/** The figures in a group's line. */
export const GROUP_COLUMNS = [
  "trades",
  "net",
  "winRate",
  "profitFactor",
  "expectancy",
  "averageHold",
  "fees",
  "funding",
  "slippage",
  "longestLosingStreak",
] as const;

/** With fewer days than this the figures mean little. */
const ENOUGH_DAYS = 30;

/** The note beside Sharpe and Sortino. */
export function daysWords(days: number, daysPerYear: number): string {
  const words = `of ${days === 1 ? "1 day" : `${days} days`}, ${daysPerYear} a year`;
  return days < ENOUGH_DAYS ? `${words}: too few to say much` : words;
}
