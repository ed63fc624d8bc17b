import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How the log of DuckDB's storage version 2 begins: a record of its own that names the version. */
const FIRST = Buffer.from([0x64, 0x00, 0x62, 0x65, 0x00, 0x02, 0xff, 0xff]);
const VERSION_AT = 5;
/** Every later record begins with its length and a checksum, 8 bytes each. */
const HEAD = 16;
/** No commit of this library writes a longer record. */
const LONGEST_RECORD = 1024 ** 3;

/**
 * Is `path`, the log beside a DuckDB file, whole as far as DuckDB is going to read it? DuckDB finds a wrong checksum by itself,
 * but takes a record that is longer than the rest of the log for the last one, cut off in a crash, and forgets what comes
 * after. That is right for a length that can be, and a loss for one that cannot: throws a TypeError then.
 */
export function checkLog(path: string): void {
  const log = openSync(path, "r");
  try {
    const { size } = fstatSync(log);
    const first = Buffer.alloc(Math.min(size, FIRST.length));
    readSync(log, first, 0, first.length, 0);
    // After a power cut: made longer, and nothing written yet.
    if (first.every((byte) => byte === 0)) return;
    if (!first.subarray(0, VERSION_AT).equals(FIRST.subarray(0, Math.min(size, VERSION_AT)))) {
      throw new TypeError(`${path} is not its log`);
    }
    if (first[VERSION_AT] !== FIRST[VERSION_AT]) return;

    const head = Buffer.alloc(HEAD);
    for (let at = FIRST.length; at + HEAD <= size; ) {
      readSync(log, head, 0, HEAD, at);
      const length = head.readBigUInt64LE(0);
      if (length > LONGEST_RECORD) throw new TypeError(`${path} is damaged at byte ${at}`);
      if (length === 0n) return;
      at += HEAD + Number(length);
    }
  } finally {
    closeSync(log);
  }
}
