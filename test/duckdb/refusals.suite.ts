import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import * as assert from "uvu/assert";
import { ConfigError, CorruptStateError, SchemaVersionError, type StateError } from "../../src/errors.js";
import { savePosition } from "../../src/operations/save-position.js";
import { SCHEMA_IN_ACCOUNT, SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { failure } from "../contract/expect.js";
import { backend, NO_CHECKPOINTS, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { bytesOf, copyOf, newPath, type Test, tamper } from "./stand.js";

const HOLDER = await bundle(new URL("./holder.ts", import.meta.url));
const NOBODY = 65_534;

type Kind = new (...args: never[]) => StateError;

/** Files and folders that are not for this flow are refused, and left byte for byte as they are. */
export function refusals(test: Test): void {
  /** Asserts that the file is refused and untouched; returns what was said. */
  async function refused(path: string, kind: Kind): Promise<string> {
    const before = bytesOf(path);
    const names = readdirSync(dirname(path));
    const error = await failure(backend(path).connect());
    assert.instance(error, kind, `${error.name}: ${error.message}`);
    assert.ok(error.message.includes(path), error.message);
    assert.is(bytesOf(path), before, "the file was touched");
    assert.equal(readdirSync(dirname(path)), names);
    return error.message;
  }

  /** A flow's file after a clean close. */
  async function closedFile(positions = 200): Promise<string> {
    const path = await newPath();
    const flow = await opened(path);
    const metadata = JSON.stringify({ note: "x".repeat(1000) });
    await Promise.all(
      Array.from({ length: positions }, (_, n) => flow.execute(savePosition, position(`p${n}`, { metadata }), "")),
    );
    await flow.close();
    return path;
  }

  /** A flow's file and log after kill -9. */
  async function crashedFile(): Promise<string> {
    const path = await closedFile();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    for (let n = 0; n < 20; n++) await flow.execute(savePosition, position(`q${n}`), "");
    const copy = await copyOf(path);
    await flow.close();
    return copy;
  }

  function flip(path: string, at: number): void {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(path, bytes);
  }

  test("a file of a newer schema is refused, with and without a log", async () => {
    const path = await closedFile();
    await tamper(path, `UPDATE flow_meta SET schema = ${SCHEMA_IN_ACCOUNT + 1}`, "DROP TABLE positions", "CHECKPOINT");
    assert.match(
      await refused(path, SchemaVersionError),
      new RegExp(`schema ${SCHEMA_IN_ACCOUNT + 1}.* ${SCHEMA_VERSION}.*upgrade`),
    );
    await tamper(path, "CREATE TABLE later (x INTEGER)");
    assert.ok(!bytesOf(path).endsWith("none"), "there is a log");
    await refused(path, SchemaVersionError);
  });

  test("a file of another flow is refused by both names, with and without a log", async () => {
    const path = await newPath();
    const other = await opened(path, { flowId: "other" }, NO_CHECKPOINTS);
    await other.execute(savePosition, position("p"), "");
    const copy = await copyOf(path);
    await other.close();
    for (const file of [path, copy]) {
      const message = await refused(file, ConfigError);
      assert.ok(message.includes('"other"') && message.includes('"bot"'), message);
    }
  });

  test("something else than a DuckDB file is refused", async () => {
    for (const content of ["", "x", "positions: []\n".repeat(1000), Buffer.alloc(20_000), "a".repeat(300_000)]) {
      const path = await newPath();
      writeFileSync(path, content);
      assert.match(await refused(path, CorruptStateError), /move both away/);
    }
  });

  test("a DuckDB file without our tables is refused, and so is one that lacks some", async () => {
    const foreign = await newPath();
    const instance = await DuckDBInstance.create(foreign);
    const connection = await instance.connect();
    await connection.run("CREATE TABLE trades (id INTEGER)");
    connection.closeSync();
    instance.closeSync();
    await refused(foreign, CorruptStateError);

    for (const statement of [
      "DROP TABLE events",
      "DROP TABLE journal",
      "DELETE FROM flow_meta",
      "INSERT INTO flow_meta SELECT * FROM flow_meta",
      "UPDATE flow_meta SET schema = 0",
      "ALTER TABLE positions DROP COLUMN size",
      "ALTER TABLE positions ALTER size TYPE VARCHAR",
    ]) {
      const path = await closedFile(5);
      await tamper(path, statement, "CHECKPOINT");
      await refused(path, CorruptStateError);
    }
  });

  test("rows that cannot be are refused by table and column", async () => {
    for (const [statement, named] of [
      ["UPDATE positions SET side = 'sideways'", "positions.side"],
      ["UPDATE positions SET metadata = '{'", "positions.metadata"],
      ["INSERT INTO positions SELECT * FROM positions", "positions: two rows"],
      ["UPDATE events SET seq = 1", "events: 1"],
      ["INSERT INTO journal VALUES (1, now(), '{')", "JSON"],
      ["INSERT INTO journal VALUES (1, now(), '{\"nothing\":[]}')", "nothing"],
      ["INSERT INTO journal VALUES (1, now(), '{}'), (3, now(), '{}')", "row 2 is missing"],
      [`INSERT INTO journal VALUES (1, now(), '{"positions":[["p",{"id":"p"}]]}')`, "positions.pair"],
    ] as const) {
      const path = await closedFile(5);
      await tamper(path, statement);
      const message = await refused(path, CorruptStateError);
      assert.ok(message.includes(named), message);
    }
  });

  test("a damaged file is refused: its beginning, its middle, cut in half", async () => {
    for (const [damage, make] of [
      ["clean", closedFile],
      ["crashed", crashedFile],
    ] as const) {
      const header = await make();
      flip(header, 9);
      await refused(header, CorruptStateError);

      const cut = await make();
      truncateSync(cut, readFileSync(cut).length / 2);
      await refused(cut, CorruptStateError);

      const garbage = await make();
      writeFileSync(garbage, Buffer.alloc(4096, damage));
      await refused(garbage, CorruptStateError);
    }
  });

  test("a flipped bit is found wherever it is, or does no harm", async () => {
    const random = seededRandom(11, 0);
    const path = await crashedFile();
    const whole = readFileSync(path);
    const log = readFileSync(`${path}.wal`);
    let found = 0;
    for (let n = 0; n < 30; n++) {
      writeFileSync(path, whole);
      writeFileSync(`${path}.wal`, log);
      const end = n % 3 === 0 ? ".wal" : "";
      flip(path + end, Math.floor(random() * (end ? log : whole).length));
      const before = bytesOf(path);
      const flow = backend(path);
      const error = await flow.connect().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await flow.close();
      if (error === undefined) continue;
      found++;
      assert.instance(error, CorruptStateError, String(error));
      assert.is(bytesOf(path), before);
    }
    assert.ok(found > 15, `${found} of 30 found`);
  });

  test("a log that is not one, or that has an impossible length in it, is refused", async () => {
    const noLog = await crashedFile();
    writeFileSync(`${noLog}.wal`, "no log at all, but somebody's notes\n");
    await refused(noLog, CorruptStateError);

    const path = await crashedFile();
    // The length of the second record, after the first record and the version.
    const log = readFileSync(`${path}.wal`);
    flip(`${path}.wal`, 8 + 16 + Number(log.readBigUInt64LE(8)) + 5);
    assert.match(await refused(path, CorruptStateError), /damaged at byte/);
  });

  test("a missing file whose log is there is not begun anew", async () => {
    const path = await newPath();
    writeFileSync(`${path}.wal`, "");
    await refused(path, CorruptStateError);
  });

  test("a folder, and a path through a file, are refused as configuration", async () => {
    const path = await newPath();
    mkdirSync(path);
    const folder = await failure(backend(path).connect());
    assert.instance(folder, ConfigError);
    assert.match(folder.message, /duckdb\.path.*folder/);

    const file = await newPath();
    writeFileSync(file, "");
    const through = await failure(backend(join(file, "bot.db")).connect());
    assert.instance(through, ConfigError);
    assert.ok(through.message.includes(file), through.message);
    assert.equal(readFileSync(file).length, 0);
  });

  test("a folder that may not be written is refused as configuration", async () => {
    if (process.platform === "win32") return;
    const path = await closedFile(1);
    const isRoot = process.getuid?.() === 0;
    for (const [mode, file] of [
      [0o555, path],
      [0o555, join(dirname(path), "new.db")],
    ] as const) {
      chmodSync(dirname(path), mode);
      // Nothing is forbidden to root.
      using child = new Child(HOLDER, [file], isRoot ? { uid: NOBODY } : {});
      const message = (await child.line()) ?? "";
      assert.match(message, /^CONFIG /);
      assert.ok(message.includes(dirname(path)), message);
      chmodSync(dirname(path), 0o755);
    }
  });
}
