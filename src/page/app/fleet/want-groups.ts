/** What wants a person, as it is shown: what is the same of several flows is one thing. No I/O. */
import { span } from "../../../words/in-words.js";
import { sentences } from "../../../words/sentences.js";
import type { Want } from "../../wire.js";

export interface WantGroup {
  /** Of flows by their names; of one flow, or of an account, one. */
  readonly wants: readonly [Want, ...Want[]];
  /** Without the names of the flows, and without since when. What cures it is left out where that differs from flow to flow. */
  readonly sentence: string;
}

/** In the order of the most urgent of each. */
export function groupsOf(wants: readonly Want[]): WantGroup[] {
  const groups = new Map<string, [Want, ...Want[]]>();
  for (const want of wants) {
    const { urgency, kind, what, blocks } = want;
    const key = JSON.stringify([urgency, kind, what, blocks]);
    const group = groups.get(key);
    if (group) group.push(want);
    else groups.set(key, [want]);
  }
  return [...groups.values()].map((group) => {
    const [{ what, blocks, cure }] = group;
    const isCuredAlike = group.every((want) => want.cure === cure);
    group.sort(byName);
    return { wants: group, sentence: sentences(what, blocks, isCuredAlike ? cure : "") };
  });
}

/** All that is said of one thing, but for since when. */
export function sentenceOf({ what, blocks, cure }: Want): string {
  return sentences(what, blocks, cure);
}

/** For how long it is so: `for 4 s`, of several `for 4 s to 2 h`; "" where nobody knows. */
export function lastingText({ wants }: WantGroup, now: number): string {
  const begun = wants.flatMap(({ since }) => (since === undefined ? [] : [Date.parse(since)]));
  if (begun.length === 0) return "";
  const [newest, oldest] = [Math.max(...begun), Math.min(...begun)].map((at) => span(now - at));
  return newest === oldest ? `for ${oldest}` : `for ${newest} to ${oldest}`;
}

function byName(a: Want, b: Want): number {
  return a.flowId < b.flowId ? -1 : a.flowId > b.flowId ? 1 : a.place < b.place ? -1 : 1;
}
