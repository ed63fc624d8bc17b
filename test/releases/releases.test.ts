/** What `npm run servers` makes of a command line, and what it says of packages that cannot be had. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROGRAMS, RELEASES, type Release } from "./release.js";
import { folderOf } from "./unpacked.js";
import { wishOf } from "./wish.js";

const test = suite("releases");
const [RELEASE] = RELEASES;
if (!RELEASE) throw new Error("there are no releases");

const PATH = process.env.PATH ?? "";
let folder = "";

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "sf-releases-"));
});

test.after.each(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

/** A program of that name, first on the PATH. */
function fake(name: string, ...lines: string[]): void {
  const path = join(folder, name);
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  process.env.PATH = `${folder}:${PATH}`;
}

function whyNot(release: Release): string {
  try {
    return `it was had: ${folderOf(release, join(folder, "cache"))}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test("without words all servers run the suites that touch them", () => {
  const { releases, suites, short } = wishOf([]);
  assert.equal(
    releases.map(({ name }) => name),
    ["redis-7.0", "redis-8", "valkey-8"],
  );
  const connecting = ["test/connection.test", "test/connecting.test", "test/rights.test", "test/went-back"];
  assert.equal(suites, [
    "test/lua.test",
    "test/contract/redis",
    ...connecting,
    "test/transfer/half-done",
    "test/faults.test",
  ]);
  assert.is(short, false);
});

test("names choose servers, --suites chooses tests, --short stands anywhere", () => {
  const { releases, suites, short } = wishOf(["valkey-8", "redis-8", "--suites", "lease", "watch", "--short"]);
  assert.equal(
    releases.map(({ name }) => name),
    ["redis-8", "valkey-8"],
  );
  assert.equal(suites, ["lease", "watch"]);
  assert.is(short, true);
});

test("what a command line cannot mean is refused by name", () => {
  assert.throws(() => wishOf(["redis-9"]), /no server is called redis-9; there are: redis-7\.0, redis-8, valkey-8/);
  assert.throws(() => wishOf(["--suites"]), /--suites: name parts of the paths/);
  assert.throws(() => wishOf(["--fast"]), /--fast: there are --suites/);
});

test("a machine without Debian's tools is told which it lacks", () => {
  process.env.PATH = folder;
  assert.is(whyNot(RELEASE), "this machine has no apt-get, no apt-cache, no dpkg-deb");
});

test("a package that the mirror does not have is named, and nothing stays in the cache", () => {
  fake("apt-cache", "exit 100");
  fake("dpkg-deb", "exit 0");
  fake(
    "apt-get",
    'case "$*" in',
    '*indextargets*) echo "http://mirror.invalid/debian/" ;;',
    '*download*) echo "E: Unable to locate package redis-server" >&2; exit 100 ;;',
    "esac",
  );
  assert.match(whyNot(RELEASE), /^apt-get download: E: Unable to locate package redis-server$/);
  assert.equal(readdirSync(join(folder, "cache")), []);
});

test("lists that cannot be read are told with what apt says", () => {
  fake("apt-cache", "exit 0");
  fake("dpkg-deb", "exit 0");
  fake(
    "apt-get",
    'case "$*" in',
    '*indextargets*) echo "http://mirror.invalid/debian/" ;;',
    '*update*) echo "Err:1 http://mirror.invalid/debian bookworm InRelease" ;;',
    "esac",
  );
  assert.match(whyNot(RELEASE), /^the package lists of bookworm cannot be read: Err:1 http:\/\/mirror\.invalid/);
});

test("programs that lie in the cache are taken while they are of the release's version, and fetched anew otherwise", () => {
  const home = join(folder, "cache", RELEASE.name);
  mkdirSync(home, { recursive: true });
  fake("apt-get", 'echo "E: no mirror answers" >&2; exit 100');
  const lay = (version: string) => {
    for (const program of PROGRAMS) {
      const path = join(home, program);
      writeFileSync(path, `#!/bin/sh\necho "Redis server v=${version} sha=0"\n`);
      chmodSync(path, 0o755);
    }
  };
  lay("7.0.99");
  assert.is(whyNot(RELEASE), `it was had: ${home}`);
  lay("7.2.4");
  assert.is(whyNot(RELEASE), "apt-get indextargets: E: no mirror answers");
});

test.run();
