/** Numbers and times for reading at a glance. All times are UTC. */
import { eightDigits, span } from "../../../words/in-words.js";

const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const exact = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 8 });
const plain = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 8 });
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 2 });

const MINUS = "\u2212";

function signed(text: string): string {
  return text.replace("-", MINUS);
}

/** Money to two places. If it has more, `exactMoney` shows all of them. Never `-0.00`. */
export function moneyText(value: number): string {
  const text = money.format(value);
  return signed(Number(text.replaceAll(",", "")) === 0 && value !== 0 ? exact.format(value) : text);
}

export function exactMoney(value: number): string {
  return signed(exact.format(value));
}

export function gainText(value: number): string {
  return value > 0 ? `+${moneyText(value)}` : moneyText(value);
}

/** A size or a price. */
export function sizeText(value: number): string {
  return signed(plain.format(eightDigits(value)));
}

/** Large money without cents, for gauges. */
export function roundText(value: number): string {
  return Math.abs(value) >= 1000 ? signed(whole.format(value)) : signed(plain.format(Math.round(value * 100) / 100));
}

export function shareText(value: number): string {
  return signed(percent.format(value));
}

/** Money with colour and sign for its direction; all its places in the tooltip. */
export function Gain({ of }: { of: number }) {
  return (
    <span class={of > 0 ? "ok" : of < 0 ? "bad" : ""} title={exactMoney(of)}>
      {gainText(of)}
    </span>
  );
}

export function clock(at: string): string {
  return at.slice(11, 19);
}

/** `02:13:07` for today, otherwise `11-28 02:13:07`. */
export function Moment({ at, now }: { at: string; now: number }) {
  const isToday = at.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return (
    <time dateTime={at} title={`${at} (${new Date(at).toLocaleString()} here)`} class="nowrap">
      {isToday ? clock(at) : `${at.slice(5, 10)} ${clock(at)}`}
    </time>
  );
}

export function Ago({ at, now }: { at: string; now: number }) {
  return (
    <time dateTime={at} title={at} class="nowrap">
      {span(now - Date.parse(at))} ago
    </time>
  );
}
