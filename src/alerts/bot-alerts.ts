/** A bot that sends alerts about its own flow (`alerts` in the configuration). */
import { randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { duckdbPath } from "../config/flow-id.js";
import { quietHours } from "../config/quiet-hours.js";
import type { AlertsConfig, ResolvedConfig } from "../config/schema.js";
import { CorruptStateError } from "../errors.js";
import { LogFollower, type LoggingFlow } from "../wants/log-follower.js";
import { unreadable, type Want, wantsOf } from "../wants/wants.js";
import { watchedOf } from "../wants/watched.js";
import { errorText } from "../words/error-text.js";
import { Alerter } from "./alerter.js";
import { Claim } from "./claim.js";
import { configuredSink } from "./configured-sink.js";
import { readTold } from "./told.js";

/** If the process that sends alerts has not touched its claim for this long, ms, or for three readings, another takes over. */
const ABANDONED = 30_000;

/** How long closing waits for the last reading and its alerts, ms. What has not arrived by then stays in the file. */
const LAST = 3_000;

export class BotAlerts {
  readonly #flowId: string;
  readonly #config: AlertsConfig;
  readonly #watched: ReturnType<typeof watchedOf>;
  readonly #flow: LoggingFlow;
  readonly #warn: (message: string) => void;
  readonly #file: string;
  readonly #claim: Claim;
  readonly #follower = new LogFollower();
  readonly #timer: NodeJS.Timeout;
  /** Absent while another process sends the alerts. */
  #alerter: Alerter | undefined;
  #turn: Promise<void> | undefined;
  #last = "";

  /** Begins at once. `flow` reads the flow; `warn` gets, without secrets, what goes wrong. Nothing rejects. */
  constructor(
    flowId: string,
    config: ResolvedConfig,
    alerts: AlertsConfig,
    flow: LoggingFlow,
    warn: (message: string) => void,
  ) {
    this.#flowId = flowId;
    this.#config = alerts;
    this.#watched = watchedOf(config);
    this.#flow = flow;
    this.#warn = warn;
    this.#file = duckdbPath(alerts.file, flowId);
    const owner = `${process.pid}-${randomBytes(6).toString("hex")}`;
    this.#claim = new Claim(`${this.#file}.owner`, owner, Math.max(ABANDONED, 3 * alerts.every));
    this.#timer = setInterval(() => void this.#next(), alerts.every).unref();
    void this.#next();
  }

  /** Reads once more and sends the alerts, for 3 s at most; then another process may take over. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST);
    });
    await Promise.race([this.#end(), late]);
    clearTimeout(timer);
  }

  async #end(): Promise<void> {
    await this.#turn;
    await this.#next();
    await this.#claim.release().catch((error: unknown) => this.#complain(error));
  }

  /** One turn at a time. While one takes long, the turns that fall due are left out. */
  #next(): Promise<void> {
    this.#turn ??= this.#tell()
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#turn = undefined;
      });
    return this.#turn;
  }

  async #tell(): Promise<void> {
    const { wants, isRead } = await this.#read();
    if (!(await this.#claim.take())) {
      this.#alerter = undefined;
      return;
    }
    this.#alerter ??= await this.#begun();
    const alerter = this.#alerter;
    // An alert that cannot be kept in the file is sent all the same.
    await alerter.notice(wants, () => isRead).catch((error: unknown) => this.#complain(error));
    await alerter.send();
    this.#last = "";
  }

  async #read(): Promise<{ readonly wants: readonly Want[]; readonly isRead: boolean }> {
    try {
      const reading = await this.#follower.read(this.#flow);
      return { wants: wantsOf(reading, reading.snapshot.at, this.#watched), isRead: true };
    } catch (error) {
      return { wants: [unreadable(this.#flowId, errorText(error))], isRead: false };
    }
  }

  /** Goes on from what the file says; one that cannot be read is moved aside. */
  async #begun(): Promise<Alerter> {
    const { on, again, settle, quiet_hours } = this.#config;
    const quiet = quiet_hours === undefined ? undefined : quietHours(quiet_hours);
    try {
      await readTold(this.#file);
    } catch (error) {
      if (!(error instanceof CorruptStateError)) throw error;
      const aside = `${this.#file}.unreadable-${Date.now()}`;
      await rename(this.#file, aside);
      this.#warn(`${errorText(error)}. The file is ${aside} now, and alerts begin anew`);
    }
    return new Alerter(configuredSink(this.#config), {
      on,
      again,
      settle,
      ...(quiet && { quiet }),
      file: this.#file,
      warn: this.#warn,
    });
  }

  /** The same is said once in a row. */
  #complain(error: unknown): void {
    const text = `alerts: ${errorText(error)}`;
    if (text === this.#last) return;
    this.#last = text;
    this.#warn(text);
  }
}

/** The alerts of a bot, where they are configured; they have begun. */
export function beginAlerts(
  flowId: string,
  config: ResolvedConfig,
  flow: LoggingFlow,
  warn: (message: string) => void,
): BotAlerts | undefined {
  return config.alerts && new BotAlerts(flowId, config, config.alerts, flow, warn);
}
