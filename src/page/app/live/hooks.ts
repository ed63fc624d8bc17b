import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { FlowName } from "../../wire.js";
import { AskError, get } from "./ask.js";
import { nameKey } from "./fleet-state.js";
import { type LiveState, liveState, onFlow, onLive, serverNow } from "./live.js";

export function useLive(): LiveState {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => onLive(() => again(undefined)), []);
  return liveState();
}

/** The server's time, ms, updated each second. */
export function useNow(): number {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => again(undefined), 1000);
    return () => clearInterval(timer);
  }, []);
  return serverNow();
}

export interface Read<Answer> {
  readonly answer?: Answer;
  readonly problem?: string;
  /** Reads it again at once. */
  readonly again: () => void;
}

const SHORTEST_MS = 1000;

/**
 * The answer of a path, read again when something happens to `flow`: at most once a second, or once per `every` ms if that is longer. An answer is kept until
 * there is a newer one, even if reading fails: then `problem` says why.
 */
export function useRead<Answer>(path: string | undefined, flow?: FlowName, every = SHORTEST_MS): Read<Answer> {
  const [read, setRead] = useState<{ path?: string; answer?: Answer; problem?: string }>({});
  const again = useRef(() => {});
  const key = flow && nameKey(flow);
  useEffect(() => {
    if (path === undefined) return;
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isReading = false;
    let isDue = false;
    const load = async () => {
      isReading = true;
      isDue = false;
      try {
        const answer = await get<Answer>(path, end.signal);
        if (!end.signal.aborted) setRead({ path, answer });
      } catch (error) {
        if (end.signal.aborted) return;
        const problem = error instanceof AskError ? error.message : String(error);
        setRead((before) => ({ ...(before.path === path && before), path, problem }));
      }
      isReading = false;
      timer = setTimeout(() => {
        timer = undefined;
        if (isDue) void load();
      }, every);
    };
    const ask = () => {
      isDue = true;
      if (!isReading && timer === undefined) void load();
    };
    again.current = () => {
      clearTimeout(timer);
      timer = undefined;
      ask();
    };
    ask();
    const stop = onFlow((name) => {
      if (key === undefined || (name !== undefined && nameKey(name) !== key)) return;
      ask();
    });
    return () => {
      stop();
      end.abort();
      clearTimeout(timer);
    };
  }, [path, key, every]);
  const { answer, problem } = read.path === path ? read : {};
  return {
    ...(answer !== undefined && { answer }),
    ...(problem !== undefined && { problem }),
    again: () => again.current(),
  };
}
