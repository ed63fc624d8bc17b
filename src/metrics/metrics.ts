/** A bot's own metrics: of its flow, and of its manager's calls. */
import type { StateManager } from "../manager/state-manager.js";
import { LogFollower } from "../wants/log-follower.js";
import { watchedOf } from "../wants/watched.js";
import { errorText } from "../words/error-text.js";
import { CALL_METRICS } from "./definitions.js";
import { fleetText, type MeasuredFlow } from "./fleet.js";
import { CONTENT_TYPE, loadPromClient } from "./load.js";

/** Metrics of one manager, in a registry of their own. */
export interface FlowMetrics {
  /** The `Content-Type` of an answer to `/metrics`. */
  readonly contentType: string;
  /** The metrics as text. Reads the flow once; calls that come meanwhile share that reading. Never rejects because of the flow: then `sf_up` is 0. */
  text(): Promise<string>;
  /** Stops counting calls. */
  close(): void;
  [Symbol.dispose](): void;
}

/** From below 1 ms, the duration of a call to a near server, to 10 s, when every call has failed. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Metrics of a manager, for Prometheus: the state of its flow, the duration of its calls by operation, and how many calls had an unknown outcome, were
 * retried or met a lost state. Counts calls from now on. Rejects with a ConfigError if the package `prom-client` is not installed.
 */
export async function metrics(state: StateManager): Promise<FlowMetrics> {
  const client = await loadPromClient();
  const { flowId, config } = state;
  const registry = new client.Registry();
  const own = { registers: [registry], labelNames: ["flow", "op"] };
  const metric = (name: keyof typeof CALL_METRICS) => ({ ...own, name, help: CALL_METRICS[name] });
  const durations = new client.Histogram({ ...metric("sf_operation_duration_seconds"), buckets: BUCKETS });
  const retries = new client.Counter(metric("sf_retries_total"));
  const unknown = new client.Counter(metric("sf_unknown_outcomes_total"));
  const lost = new client.Counter(metric("sf_state_lost_total"));
  const stop = state.onCall(({ operation, seconds, outcome, isRetry }) => {
    const labels = { flow: flowId, op: operation };
    durations.observe(labels, seconds);
    if (outcome === "unknown") unknown.inc(labels);
    if (outcome === "state_lost") lost.inc(labels);
    if (isRetry) retries.inc(labels);
  });
  const follower = new LogFollower();
  const measured = async (): Promise<MeasuredFlow> => {
    const { counts } = follower;
    try {
      const reading = await follower.read(state);
      return { flowId, counts, reading, now: reading.snapshot.at };
    } catch (error) {
      return { flowId, counts, error: errorText(error) };
    }
  };
  const read = async () => {
    const flow = await fleetText(client, [await measured()], watchedOf(config));
    return `${flow}${await registry.metrics()}`;
  };
  let reading: Promise<string> | undefined;
  return {
    contentType: CONTENT_TYPE,
    text() {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    close: stop,
    [Symbol.dispose]: stop,
  };
}
