import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The first bytes of a log of DuckDB's storage version 2: a record of its own that names the version. */
const FIRST = Buffer.from([0x64, 0x00, 0x62, 0x65, 0x00, 0x02, 0xff, 0xff]);
const VERSION_AT = 5;
/** Every later record begins with its length and a checksum, 8 bytes each. */
const HEAD = 16;
/** No commit of this library writes a longer record. */
const LONGEST_RECORD = 1024 ** 3;
/** The record that ends a commit. */
const COMMITTED = Buffer.from([0x64, 0x00, 0x64, 0xff, 0xff]);

export interface LogEnd {
  /** Where the last whole commit ends, bytes. */
  readonly whole: number;
  /** Whether an incomplete commit follows. */
  readonly isTorn: boolean;
}

/**
 * Checks that DuckDB will read all of `path`, the log beside a DuckDB file. DuckDB itself notices a wrong checksum. But if a record claims to be longer
 * than the rest of the log, DuckDB takes it for the last one, cut off in a crash, and ignores everything after it. That is right for a possible length. An
 * impossible length is damage: throws a TypeError. Undefined if it cannot be seen how the log ends.
 */
export function checkLog(path: string): LogEnd | undefined {
  const log = openSync(path, "r");
  try {
    const { size } = fstatSync(log);
    const first = Buffer.alloc(Math.min(size, FIRST.length));
    readSync(log, first, 0, first.length, 0);
    // After a power cut a log may have its new length, but not its content yet.
    if (first.every((byte) => byte === 0)) return undefined;
    if (!first.subarray(0, VERSION_AT).equals(FIRST.subarray(0, Math.min(size, VERSION_AT)))) {
      throw new TypeError(`${path} is not its log`);
    }
    // The log was cut within its head, or is of a DuckDB version with other records.
    if (first[VERSION_AT] !== FIRST[VERSION_AT]) return undefined;

    const head = Buffer.alloc(HEAD + COMMITTED.length);
    let whole = FIRST.length;
    for (let at = FIRST.length; at + HEAD <= size; ) {
      const read = readSync(log, head, 0, head.length, at);
      const length = head.readBigUInt64LE(0);
      if (length > LONGEST_RECORD) throw new TypeError(`${path} is damaged at byte ${at}`);
      if (length === 0n) return undefined;
      at += HEAD + Number(length);
      const isEnd = read === head.length && Number(length) === COMMITTED.length;
      if (isEnd && head.subarray(HEAD).equals(COMMITTED)) whole = at;
    }
    return { whole, isTorn: whole < size };
  } finally {
    closeSync(log);
  }
}
