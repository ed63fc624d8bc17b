/**
 * One event stream for all tabs of a browser: the tab that holds a Web Lock reads it and sends it to the others over a BroadcastChannel. If that tab closes,
 * another gets the lock and reads the stream. Each tab asks for the whole fleet itself when it begins, and when frames may be missing.
 */
import type { EventsAnswer, FleetAnswer, FlowName, Session, StreamFrame } from "../../wire.js";
import { AskError, flowPath, get } from "./ask.js";
import { type FleetState, fleetOf, flowsOf, withEvents, withFrame } from "./fleet-state.js";
import { messagesOf } from "./frames.js";
import { authorization } from "./token.js";

export interface LiveState {
  readonly fleet?: FleetState;
  /** The session of this tab, by its own token. */
  readonly session?: Session;
  /** When the stream last sent something, by this machine's clock, ms; 0 for never. */
  readonly heardAt: number;
  /** Whether the stream is connected, as far as the tab that reads it knows. */
  readonly isConnected: boolean;
  /** The server's clock minus this machine's, ms. */
  readonly clockAhead: number;
  /** Why nothing can be shown. */
  readonly problem?: string;
  /** Looking needs a token, too, and this tab has none, or a wrong one. */
  readonly wantsToken?: true;
  /** Whether this tab reads the stream. */
  readonly isReader: boolean;
}

/** What a flow's view listens to: something happened, or may have happened, to that flow. */
export type FlowListener = (name: FlowName | undefined) => void;

/** Between tabs. `id`: of the newest event before it. */
type Word =
  | { readonly say: "frame"; readonly frame: StreamFrame; readonly id?: string }
  | { readonly say: "alive"; readonly connected: boolean }
  | { readonly say: "asked" };

const NAME = "sf-state stream";
/** The server sends something every 10 s. */
const SILENCE_MS = 25_000;
const AGAIN_MS = [250, 500, 1000, 2000, 4000];

let state: LiveState = { heardAt: 0, isConnected: false, clockAhead: 0, isReader: false };
const listeners = new Set<() => void>();
const flowListeners = new Set<FlowListener>();
let lastId: string | undefined;
let channel: BroadcastChannel | undefined;

export function liveState(): LiveState {
  return state;
}

export function onLive(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function onFlow(listener: FlowListener): () => void {
  flowListeners.add(listener);
  return () => flowListeners.delete(listener);
}

export function serverNow(): number {
  return Date.now() + state.clockAhead;
}

export function startLive(): void {
  if (typeof BroadcastChannel === "function" && navigator.locks) {
    channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => hear(data);
    channel.postMessage({ say: "asked" } satisfies Word);
    queue(false);
    setInterval(takeOverFromTheSilent, SILENCE_MS / 2);
  } else {
    void readAlone();
  }
  void readFleet();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - state.heardAt > SILENCE_MS / 2) void readFleet();
  });
}

/** Reads the whole fleet, and what this tab may do. Also after the token was set or removed. */
export async function readFleet(): Promise<void> {
  try {
    const answer = await get<FleetAnswer>("/api/fleet");
    const { problem: _, wantsToken: hadNone, ...before } = state;
    if (hadNone) queue(false);
    set({
      ...before,
      fleet: fleetOf(answer, state.fleet),
      session: answer.session,
      clockAhead: Date.parse(answer.now) - Date.now(),
      heardAt: state.heardAt === 0 ? Date.now() : state.heardAt,
    });
  } catch (error) {
    const isToken = error instanceof AskError && error.code === "token";
    const problem = error instanceof AskError ? error.message : String(error);
    set({ ...state, problem, ...(isToken && { wantsToken: true }) });
  }
}

/** The newest events of each flow, with which the ticker begins. */
export async function readTicker(): Promise<void> {
  for (const flow of state.fleet?.flows ?? []) {
    if (flow.error !== undefined) continue;
    const { events } = await get<EventsAnswer>(flowPath(flow, "/events?limit=8")).catch(() => ({ events: [] }));
    if (state.fleet) set({ ...state, fleet: withEvents(state.fleet, flow, events) });
  }
}

function set(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

function tellFlows(name: FlowName | undefined): void {
  for (const listener of flowListeners) listener(name);
}

/** Each tab reads its own stream: this origin has no locks. */
async function readAlone(): Promise<void> {
  for (;;) {
    await readStream(new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // until there is a token
  }
}

/** Waits for the lock, or takes it from a tab that says nothing any more: one that its browser froze. */
function queue(steal: boolean): void {
  if (!channel) return;
  const end = new AbortController();
  navigator.locks
    .request(NAME, { steal }, async () => {
      set({ ...state, isReader: true });
      await readStream(end.signal);
      set({ ...state, isReader: false });
    })
    .catch(() => {
      end.abort(); // the lock was taken away
      set({ ...state, isReader: false });
      queue(false);
    });
}

function takeOverFromTheSilent(): void {
  const isSilent = Date.now() - heardTab > SILENCE_MS;
  if (!state.isReader && isSilent && document.visibilityState === "visible") {
    heardTab = Date.now();
    queue(true);
  }
}

/** When the tab that reads was last heard of, whether its stream is there or not. */
let heardTab = Date.now();

async function readStream(signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    let wait = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 0;
    try {
      const silence = new AbortController();
      let timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const stop = AbortSignal.any([signal, silence.signal]);
      try {
        const response = await fetch("/api/stream", {
          headers: {
            Accept: "text/event-stream",
            ...authorization(),
            ...(lastId !== undefined && { "Last-Event-ID": lastId }),
          },
          credentials: "omit",
          cache: "no-store",
          redirect: "error",
          signal: stop,
        });
        if (response.status === 401) {
          set({ ...state, wantsToken: true });
          return; // another tab may have the token: it gets the lock
        }
        if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
        for await (const { frame, id } of messagesOf(response.body)) {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), SILENCE_MS);
          failures = 0;
          if (frame) {
            say({ say: "frame", frame, ...(id !== undefined && { id }) });
            if (frame.kind === "bye") wait = frame.retryAfter;
          } else say({ say: "alive", connected: true });
        }
      } finally {
        clearTimeout(timer);
      }
    } catch {
      // Whatever broke the stream, it is begun again.
    }
    if (signal.aborted) return;
    say({ say: "alive", connected: false });
    failures++;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** To the other tabs, and to this one. */
function say(word: Word): void {
  channel?.postMessage(word);
  hear(word);
}

function hear(word: Word): void {
  heardTab = Date.now();
  switch (word.say) {
    case "asked":
      if (state.isReader) channel?.postMessage({ say: "alive", connected: state.isConnected } satisfies Word);
      return;
    case "alive":
      set({ ...state, isConnected: word.connected, heardAt: word.connected ? Date.now() : state.heardAt });
      return;
    case "frame":
      if (word.id !== undefined) lastId = word.id;
      take(word.frame);
  }
}

function take(frame: StreamFrame): void {
  const { problem: _, ...before } = state;
  const now = frame.kind === "hello" || frame.kind === "fleet" ? Date.parse(frame.now) - Date.now() : state.clockAhead;
  set({
    ...before,
    heardAt: Date.now(),
    isConnected: frame.kind !== "bye",
    clockAhead: now,
    ...(state.fleet && { fleet: withFrame(state.fleet, frame) }),
  });
  switch (frame.kind) {
    case "hello":
      if (!frame.resumed || !state.fleet) {
        void readFleet();
        tellFlows(undefined);
      }
      return;
    case "event":
    case "gap":
      tellFlows(frame);
      return;
    case "account_event":
      // What an account refuses, its flows do.
      for (const flow of state.fleet ? flowsOf(state.fleet, frame) : []) tellFlows(flow);
      return;
    case "fleet":
      for (const flow of frame.flows) tellFlows(flow);
      return;
  }
}
