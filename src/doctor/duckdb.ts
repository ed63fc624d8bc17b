/** Looks at a DuckDB file and checks it. */

import { realpath, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { StoredAccount, Welcome } from "../backends/duckdb/control/messages.js";
import { CHECKPOINTS } from "../backends/duckdb/flow-store.js";
import { HolderBackend } from "../backends/duckdb/holder-backend.js";
import { loadDuckdb } from "../backends/duckdb/library.js";
import { openStored } from "../backends/duckdb/stored-flow.js";
import { ConfigError, LockedError, SchemaVersionError, SilentHolderError, StateError } from "../errors.js";
import { layoutOf } from "../layout/convert.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { exportFlow } from "../operations/export-flow.js";
import { accountDifferences } from "../state/account-sums.js";
import { count } from "../words/in-words.js";
import { LOOKS } from "./account-sums.js";
import { bytes, type Finding, findingsOf } from "./finding.js";
import { checkState, type Expected } from "./state-checks.js";

export interface DuckdbFacts {
  readonly path: string;
  /** Bytes; undefined when there is no file. */
  readonly size: number | undefined;
  /** Bytes of DuckDB's own log beside the file; 0 when there is none. */
  readonly logSize: number;
  /** Bytes free on the disk. */
  readonly free: number;
  readonly opened: OpenedFacts | HeldFacts | { readonly refusal: StateError };
  readonly now: number;
}

export interface OpenedFacts {
  readonly flowId: string;
  readonly crashed: boolean;
  /** Why the file may be older than what was acknowledged. */
  readonly doubts: readonly string[];
  /** Commits that are not yet in the tables. */
  readonly journalRows: number;
  readonly totalBlocks: number;
  readonly freeBlocks: number;
  readonly layout: FlowLayout;
  /** The account that the flow is in: its name, and how it differs from its flow. */
  readonly account: AccountFacts | undefined;
}

interface AccountFacts {
  readonly name: string;
  /** Undefined if it changed during each look. */
  readonly differences: readonly string[] | undefined;
}

/** What the bot that has the file open tells. */
export interface HeldFacts {
  readonly flowId: string;
  readonly holder: Welcome;
  readonly layout: FlowLayout;
  readonly account: AccountFacts | undefined;
}

/** Looks at a file and leaves it byte for byte as it is. */
export async function duckdbFacts(given: string, flowId: string | undefined): Promise<DuckdbFacts> {
  await loadDuckdb();
  const path = await realpath(given).catch(() => given);
  const file = await stat(path).catch(() => undefined);
  const log = await stat(`${path}.wal`).catch(() => undefined);
  const disk = await statfs(dirname(path)).catch(() => undefined);
  return {
    path,
    size: file?.size,
    logSize: log?.size ?? 0,
    free: disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY,
    opened: file
      ? await openedFacts(path, flowId)
      : { refusal: new ConfigError(`there is no file ${path}: a bot makes it when it connects first`) },
    now: Date.now(),
  };
}

async function openedFacts(path: string, flowId: string | undefined): Promise<DuckdbFacts["opened"]> {
  try {
    const held = await heldFacts(path, flowId);
    if (held) return held;
    const doubts: string[] = [];
    const context = {
      instance: "sf-state",
      maxEvents: Number.MAX_SAFE_INTEGER,
      flowId,
      warn: (text: string) => doubts.push(text),
    };
    const { file, store, crashed, flowId: found } = await openStored(path, context, CHECKPOINTS);
    try {
      const numbers = async (sql: string) => (await (await file.connection.run(sql)).getRows())[0]?.map(Number) ?? [];
      const [journalRows = 0] = await numbers("SELECT count(*) FROM journal");
      const [totalBlocks = 0, freeBlocks = 0] = await numbers(
        "SELECT total_blocks, free_blocks FROM pragma_database_size() LIMIT 1",
      );
      return {
        flowId: found,
        crashed,
        doubts,
        journalRows,
        totalBlocks,
        freeBlocks,
        layout: layoutOf(store.state),
        account: store.account && accountFacts(store.account, found, layoutOf(store.state)),
      };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof StateError) return { refusal: error };
    throw error;
  }
}

function accountFacts({ name, fields }: StoredAccount, flowId: string, layout: FlowLayout): AccountFacts {
  const exposure = layout.entries["risk:exposure"].map(([field = "", value = ""]) => [field, value] as const);
  return { name, differences: accountDifferences(fields, new Map([[flowId, new Map(exposure)]])) };
}

async function heldFacts(path: string, flowId: string | undefined): Promise<HeldFacts | undefined> {
  const reached = await HolderBackend.reach(path, { flowId, instance: "sf-state" });
  if (!reached) return undefined;
  try {
    const { holder } = reached;
    const { layout, account } = await heldLayout(reached, holder.flowId);
    return { flowId: holder.flowId, holder, layout, account };
  } finally {
    await reached.close();
  }
}

/** Account and flow are read one after the other: the reading counts only if the account did not change meanwhile. */
async function heldLayout(bot: HolderBackend, flowId: string): Promise<Pick<HeldFacts, "layout" | "account">> {
  for (let looks = 1; ; looks++) {
    const before = await bot.account();
    const layout = await bot.execute(exportFlow, undefined);
    if (!before) return { layout, account: undefined };
    const after = await bot.account();
    if (isDeepStrictEqual(before, after)) return { layout, account: accountFacts(before, flowId, layout) };
    if (looks === LOOKS) return { layout, account: { name: before.name, differences: undefined } };
  }
}

/** A disk with less free space than this counts as nearly full, bytes. */
const LITTLE = 100 * 1024 ** 2;

export function checkDuckdb(facts: DuckdbFacts, expected: Expected): Finding[] {
  const { opened, path, now } = facts;
  const disk = diskFindings(facts);
  if ("refusal" in opened) return [refusalFinding(opened.refusal), ...disk];
  if ("holder" in opened) {
    const { flowId, holder, layout, account } = opened;
    const words = `${path} is open in process ${holder.pid} (version ${holder.version}), which answers, and holds the flow ${flowId}`;
    return [
      ...findingsOf("file", (found) => found.ok(words)),
      ...disk,
      ...checkState({ layout, now, ...expected }),
      ...(account ? accountFindings(account) : []),
    ];
  }
  return [
    ...findingsOf("file", (found) => found.ok(`${path} opens and holds the flow ${opened.flowId}`)),
    ...sizeFindings(facts, opened),
    ...journalFindings(facts, opened),
    ...opened.doubts.flatMap(doubtFindings),
    ...disk,
    ...checkState({ layout: opened.layout, now, ...expected }),
    ...(opened.account ? accountFindings(opened.account) : []),
  ];
}

function accountFindings({ name, differences }: AccountFacts): Finding[] {
  if (!differences) {
    const words = `account ${name} changed during each of ${LOOKS} looks`;
    return findingsOf("account sums", (found) => found.note(words, "look again when its bot is quieter"));
  }
  return findingsOf(
    "account sums",
    (found) => {
      for (const difference of differences) {
        found.problem(
          `account ${name}: ${difference}`,
          "sf-state account leave and join takes a flow's part off and puts it in anew",
        );
      }
    },
    `the sums of account ${name} are those of its flow`,
  );
}

function refusalFinding(refusal: StateError): Finding {
  const found = refusal.message;
  if (refusal instanceof SilentHolderError) {
    return { level: "problem", subject: "file", found, advice: "see what the process does before you end it" };
  }
  if (refusal instanceof LockedError) {
    return { level: "note", subject: "file", found, advice: "to have it looked into, stop that process first" };
  }
  return {
    level: "problem",
    subject: "file",
    found,
    advice:
      refusal instanceof SchemaVersionError
        ? "the file is whole; it is of another schema than this version's"
        : refusal instanceof ConfigError
          ? "see to --duckdb and --flow"
          : "keep the file and its .wal as they are, and restore a backup: sf-state restore",
  };
}

function sizeFindings({ size = 0 }: DuckdbFacts, { totalBlocks, freeBlocks }: OpenedFacts): Finding[] {
  const told = `${bytes(size)}, ${freeBlocks} of ${count(totalBlocks, "block")} free`;
  return findingsOf(
    "size",
    (found) => {
      if (freeBlocks > 0.8 * totalBlocks && size > 64 * 1024 ** 2) {
        found.note(told, "free blocks are used again; a copy into a new file (sf-state copy) makes it small");
      }
    },
    told,
  );
}

function doubtFindings(doubt: string): Finding[] {
  return findingsOf("log", (found) =>
    found.problem(doubt, "where there is the original, or a newer copy with its .wal and .acked, take that one"),
  );
}

function journalFindings({ logSize }: DuckdbFacts, { crashed, journalRows }: OpenedFacts): Finding[] {
  return findingsOf(
    "journal",
    (found) => {
      if (crashed || journalRows > 0) {
        found.note(
          `the last one to hold the file did not close it: ${count(journalRows, "commit")} in the journal, ${bytes(logSize)} of log`,
          "the next one to open it brings the tables up to date; keep file, .wal and .acked together",
        );
      }
    },
    "empty; the tables are up to date",
  );
}

function diskFindings({ free }: DuckdbFacts): Finding[] {
  return findingsOf(
    "disk",
    (found) => {
      if (free < LITTLE) found.problem(`only ${bytes(free)} free`, "a full disk stops every change: make room");
    },
    `${Number.isFinite(free) ? bytes(free) : "plenty"} free`,
  );
}
