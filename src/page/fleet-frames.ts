/** What of the fleet changed between two readings. */
import type { FleetReading } from "./fleet.js";
import type { FleetFlow, StreamFrame } from "./wire.js";

type FleetFrame = Extract<StreamFrame, { kind: "fleet" }>;

/** A reading, and the texts by which two are compared: without what changes with every reading. */
export interface FleetTold {
  readonly reading: FleetReading;
  readonly flows: ReadonlyMap<string, { readonly flow: FleetFlow; readonly text: string }>;
  readonly places: string;
  readonly accounts: string;
  readonly wants: string;
}

export function toldOf(reading: FleetReading): FleetTold {
  const steady = (name: string, value: unknown) => (name === "at" || name === "heartbeatAge" ? undefined : value);
  return {
    reading,
    flows: new Map(
      reading.flows.map((flow) => [`${flow.place}/${flow.flowId}`, { flow, text: JSON.stringify(flow, steady) }]),
    ),
    places: JSON.stringify(reading.places),
    accounts: JSON.stringify(reading.accounts, steady),
    wants: JSON.stringify(reading.wants),
  };
}

/** All of it, or what is not as it was before. */
export function fleetFrame(before: FleetTold | undefined, { reading, flows, ...texts }: FleetTold): FleetFrame {
  const { at, places, accounts, wants } = reading;
  const gone = [...(before?.flows ?? [])].filter(([key]) => !flows.has(key));
  return {
    kind: "fleet",
    now: new Date().toISOString(),
    readAt: at.toISOString(),
    flows: [...flows].flatMap(([key, { flow, text }]) => (before?.flows.get(key)?.text === text ? [] : [flow])),
    gone: gone.map(([, { flow }]) => ({ place: flow.place, flowId: flow.flowId })),
    ...(before?.places !== texts.places && { places }),
    ...(before?.accounts !== texts.accounts && { accounts }),
    ...(before?.wants !== texts.wants && { wants }),
  };
}

/** Whether it tells more than that the fleet was read. */
export function isNews({ flows, gone, places, accounts, wants }: FleetFrame): boolean {
  return flows.length > 0 || gone.length > 0 || [places, accounts, wants].some((part) => part !== undefined);
}
