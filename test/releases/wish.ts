import { RELEASES, type Release } from "./release.js";

/** What a command line asks for. */
export interface Wish {
  readonly releases: readonly Release[];
  /** Parts of the paths of test files. */
  readonly suites: readonly string[];
  readonly short: boolean;
}

/** Those that touch the server. */
const SUITES = [
  "test/lua.test",
  "test/contract/redis",
  "test/connection.test",
  "test/connecting.test",
  "test/rights.test",
  "test/went-back",
  "test/transfer/half-done",
  "test/faults.test",
];
const SHORT_SUITES = ["test/releases/short.test"];

/** Reads `[NAME...] [--suites PATTERN...] [--short]`. Throws an Error that says what is wrong with it. */
export function wishOf(words: readonly string[]): Wish {
  const short = words.includes("--short");
  const others = words.filter((word) => word !== "--short");
  const mark = others.indexOf("--suites");
  const names = mark < 0 ? others : others.slice(0, mark);
  const suites = mark < 0 ? (short ? SHORT_SUITES : SUITES) : others.slice(mark + 1);
  if (suites.length === 0) throw new Error("--suites: name parts of the paths of test files, such as test/lua.test");
  for (const word of [...names, ...suites])
    if (word.startsWith("-")) throw new Error(`${word}: there are --suites PATTERN... and --short`);
  for (const name of names)
    if (!RELEASES.some((release) => release.name === name))
      throw new Error(`no server is called ${name}; there are: ${RELEASES.map((release) => release.name).join(", ")}`);
  const releases = RELEASES.filter(({ name }) => names.length === 0 || names.includes(name));
  return { releases, suites, short };
}
