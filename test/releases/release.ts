/** A release of a server that users run, and the Debian release whose packages hold it. */
export interface Release {
  readonly name: string;
  readonly suite: string;
  /** The packages of the server and of its command line client. */
  readonly packages: readonly string[];
  /** The programs in those packages that tests run as redis-server and redis-cli. */
  readonly programs: Readonly<Record<Program, string>>;
  /** What the server says of itself: major and minor version. */
  readonly version: readonly [number, number];
}

export type Program = (typeof PROGRAMS)[number];

/** The names under which tests look for them on the PATH. */
export const PROGRAMS = ["redis-server", "redis-cli"] as const;

const REDIS = {
  packages: ["redis-server", "redis-tools"],
  programs: { "redis-server": "redis-server", "redis-cli": "redis-cli" },
};
const VALKEY = {
  packages: ["valkey-server", "valkey-tools"],
  programs: { "redis-server": "valkey-server", "redis-cli": "valkey-cli" },
};

export const RELEASES: readonly Release[] = [
  { name: "redis-7.0", suite: "bookworm", version: [7, 0], ...REDIS },
  { name: "redis-8", suite: "trixie", version: [8, 0], ...REDIS },
  { name: "valkey-8", suite: "trixie", version: [8, 1], ...VALKEY },
];
