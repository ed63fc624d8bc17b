/** What changed in the fleet between two readings. */
import type { FleetReading } from "./fleet.js";
import type { FleetFlow, StreamFrame } from "./wire.js";

type FleetFrame = Extract<StreamFrame, { kind: "fleet" }>;

/** A reading, with the texts that are compared: without what differs in every reading. */
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

/** The whole fleet, or only what changed. */
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

/** Whether it says more than that the fleet was read. */
export function isNews({ flows, gone, places, accounts, wants }: FleetFrame): boolean {
  return flows.length > 0 || gone.length > 0 || [places, accounts, wants].some((part) => part !== undefined);
}
