import { isDeepStrictEqual } from "node:util";
import { CorruptStateError, InvalidArgumentError } from "../errors.js";
import { stateOf } from "../layout/convert.js";
import { type FlowLayout, leaseOf } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { Told } from "../migrations/migration.js";
import { newest, schemaOf } from "../migrations/walk.js";
import { snapshot } from "../operations/snapshot.js";
import { SCHEMA_VERSION } from "../state/flow-state.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, type Progress, snapshotArgs } from "./flow-place.js";
import { asItIs, differences, epochOf, type PortableFlow, portable, withEpoch, withoutEpoch } from "./portable.js";

/** A bot whose last sign of life is younger than this may still trade, ms. */
const FRESH = 60_000;

export interface CopyOptions {
  /** The flow's id at the new place; by default its own. */
  readonly toFlow?: string | undefined;
  /** Whether a flow that exists there may be replaced. */
  readonly replace: boolean;
  /** The operator's decisions, for a flow of an older schema. */
  readonly told?: Told;
  readonly progress?: Progress;
}

export interface CopyReport {
  readonly from: string;
  readonly to: string;
  readonly flow: string;
  /** `already there`: the flow there is equal, and was left as it is. */
  readonly outcome: "copied" | "already there";
  readonly epoch: string;
  /** The number of entries of each key. */
  readonly counts: Readonly<Record<string, number>>;
  /** Notes on the migration of a flow of an older schema. */
  readonly notes: readonly string[];
  /** Reasons why the copy may be out of date. */
  readonly warnings: readonly string[];
  /** Where the replaced flow is kept, if it is. */
  readonly kept?: string;
}

/**
 * Copies a whole flow from one place to another, and verifies it. The flow is read at one moment; every record is parsed; what was written is read back and
 * compared before it takes its place; afterwards the new place gives the same snapshot and has as many events. If a flow exists there, the copy is refused,
 * unless `replace`; the replaced flow stays until all of the new one is there. A flow of an older schema is migrated on the way, with the operator's
 * decisions if they are needed; a backup keeps its schema.
 *
 * If the copy is interrupted at any moment, nothing is lost: the same call again continues, or finds that it is done.
 *
 * Rejects with an InvalidArgumentError if there is nothing to copy or something is in the way, with a CorruptStateError that names what cannot be read or
 * did not arrive, and with the errors of the places.
 */
export async function copyFlow(from: FlowPlace, to: FlowPlace, options: CopyOptions): Promise<CopyReport> {
  const source = await from.read();
  if (!source) throw new InvalidArgumentError(`from: there is no such flow: ${from.name}`);
  const staysOlder = schemaOf(source.layout) < SCHEMA_VERSION && to.takesOlder === true;
  const { layout, notes: grown } = staysOlder
    ? { layout: source.layout, notes: [] }
    : newest(source.layout, options.told);
  const flow = staysOlder ? asItIs(layout) : portable(layout);
  const there = await to.read();
  const notes = [...grown, ...accountNotes(source, there, to)];
  const report = {
    from: from.name,
    to: to.name,
    flow: options.toFlow ?? source.flowId,
    counts: countsOf(flow.layout),
    notes,
    warnings: warningsOf(source),
  };
  if (there && differences(withoutEpoch(there.layout), flow.layout).length === 0)
    return { ...report, outcome: "already there", epoch: epochOf(there.layout) };
  if (there && !options.replace && !isNew(there.layout)) {
    throw new InvalidArgumentError(
      `to: ${to.name} is not empty: ${contentsOf(there.layout)}. Say --replace to replace it`,
    );
  }

  const { epoch, kept } = await to.write(flow, {
    flowId: report.flow,
    source: { name: from.name, epoch: epochOf(source.layout), readAt: source.now, account: source.account },
    replaces: there ? epochOf(there.layout) : "",
    progress: options.progress ?? (() => {}),
  });
  if (staysOlder) await verifyEntries(flow, to);
  else await verify(flow, source.now, to);
  return { ...report, outcome: "copied", epoch, ...(kept !== undefined && { kept }) };
}

/** A flow's account is not copied: each place keeps its own accounts. A backup only says which account it was. */
function accountNotes({ account }: FoundFlow, there: FoundFlow | undefined, to: FlowPlace): string[] {
  if (account === there?.account || to.isAside === true) return [];
  if (account === undefined) return [`it stays in account ${there?.account} there, with what it holds now`];
  const stands = there?.account === undefined ? "it is in none" : `it stays in account ${there.account}`;
  return [
    `it was in account ${account}, and ${stands} at ${to.name}: limits and breaker of ${account} hold for it once it has joined, with sf-state account join ${account}`,
  ];
}

async function verify(flow: PortableFlow, now: number, to: FlowPlace): Promise<void> {
  const call = { now, instance: "sf-state", maxEvents: Number.MAX_SAFE_INTEGER, lease: "" };
  const state = stateOf(withEpoch(flow.layout, "any"));
  const expected = withoutIdentity(snapshot.apply(state, snapshotArgs(now), call));
  const told = withoutIdentity(await to.snapshot(now));
  const events = (await to.read())?.layout.entries["events:log"].length;
  if (!isDeepStrictEqual(told, expected) || events !== state.events.size) throw tellsOtherwise(to);
}

/** A flow of an older schema gives no snapshot yet: its entries are compared. */
async function verifyEntries(flow: PortableFlow, to: FlowPlace): Promise<void> {
  const there = await to.read();
  if (!there || differences(withoutEpoch(there.layout), flow.layout).length > 0) throw tellsOtherwise(to);
}

function tellsOtherwise(to: FlowPlace): CorruptStateError {
  return new CorruptStateError(
    `${to.name} holds the copy, but no longer tells the same as its source: has somebody begun to work on it? Compare the two`,
  );
}

function withoutIdentity({ epoch: _, ...rest }: Omit<Snapshot, "flowId">) {
  return rest;
}

function countsOf({ entries }: FlowLayout): Record<string, number> {
  return Object.fromEntries(KEY_LAYOUTS.map(({ key }) => [key, entries[key].length]));
}

/** A flow that was only opened has nothing to lose. */
function isNew({ entries }: FlowLayout): boolean {
  return KEY_LAYOUTS.every(({ key }) => key === "flow:meta" || entries[key].length === 0);
}

function contentsOf({ entries }: FlowLayout): string {
  const counts = [
    [entries["positions:open"].length, "positions"],
    [entries["orders:pending"].length, "pending orders"],
    [entries["signals:processed"].length, "signals"],
    [entries["events:log"].length, "events"],
  ];
  return counts.map(([count, what]) => `${count} ${what}`).join(", ");
}

/** The copy is of one moment: bots that go on trading at the source make it outdated. */
function warningsOf({ layout, now, isShared }: FoundFlow): string[] {
  if (!isShared) return [];
  const warnings: string[] = [];
  const [beat] = layout.entries["execution:heartbeat"][0] ?? [];
  const age = now - Number(beat);
  if (beat !== undefined && age < FRESH) {
    warnings.push(
      `a bot gave a sign of life ${Math.max(0, Math.round(age / 1000))} s ago: if it trades on, the copy is old. Stop it and copy again`,
    );
  }
  const lease = leaseOf(layout);
  if (Number(lease.get("until") ?? 0) > now) {
    warnings.push(
      `${lease.get("holder")} holds the flow's lease: if it trades on, the copy is old. Stop it and copy again`,
    );
  }
  return warnings;
}
