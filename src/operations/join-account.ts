import type { BreakerDuration } from "../config/duration.js";
import { ConfigError, InvalidArgumentError } from "../errors.js";
import { decimalText, toDecimal } from "../exact/decimal.js";
import { formatMoney, parseMoney } from "../exact/money.js";
import type { AccountState } from "../state/account.js";
import { dayOf } from "../state/day.js";
import { type FlowState, SCHEMA_IN_ACCOUNT } from "../state/flow-state.js";
import { type Call, type Operation, text } from "./operation.js";

interface Args {
  readonly name: string;
  /** A flow with something open joins only by a call. */
  readonly how: "connect" | "call";
  readonly currency: string;
  /** Currencies that count as `currency`, separated by spaces. */
  readonly sameCurrency: string;
  readonly dayStart: number;
  readonly breakerDuration: BreakerDuration;
  readonly startingEquity: number | undefined;
  /** The flow's new epoch. */
  readonly newEpoch: string;
  /** The account's epoch, if it is new. */
  readonly accountEpoch: string;
}

/** Returns whether the flow joined now; false if it was in the account before. */
export const joinAccount: Operation<Args, { readonly joined: boolean; readonly epoch: string }> = {
  name: "join_account",
  kind: "change",
  keys: ["risk:exposure", "risk:daily", "account:risk", "account:events"],
  accountOf: (a) => a.name,
  args: {
    name: (a) => a.name,
    how: (a) => a.how,
    currency: (a) => a.currency,
    same_currency: (a) => a.sameCurrency,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    starting_equity: (a) => a.startingEquity,
    new_epoch: (a) => a.newEpoch,
    account_epoch: (a) => a.accountEpoch,
  },
  words: {
    name: "of the account",
    how: "connect = only a flow that has nothing open; call = whatever it has open comes along",
    currency: `what the account is counted in; "" = the flow's`,
    breaker_duration: 'ms, "until_day_end" or "until_reset"; of an account that is made',
    starting_equity: 'the account\'s currency; "" = none',
    new_epoch: "the flow's, once it has joined",
    account_epoch: "the account's, if it is made",
  },
  decode: (reply) => ({ joined: reply[0] === "joined", epoch: text(reply, 1) }),
  apply(state, a, call) {
    const { flowId } = state;
    const epoch = state.meta.value?.epoch ?? "";
    if (state.account && state.account.name !== a.name) {
      throw new ConfigError(
        `flow ${flowId} is in account ${state.account.name}: it has to leave that first (sf-state account leave)`,
      );
    }
    const account = state.account ?? state.accounts?.of(a.name);
    if (!account) throw new InvalidArgumentError("accounts are not kept here");
    const currency = a.currency || (state.meta.value?.currency ?? "");
    if (currency === "") {
      throw new ConfigError(
        `flow ${flowId}: it is not known yet what it is counted in, and an account's flows count in one currency: set risk.currency`,
      );
    }
    const settings = { ...a, currency };
    checkSettings(state, account, settings);
    if (!state.account) checkPart(state, account, a);

    settle(account, settings, call);
    if (state.account) return { joined: false, epoch };
    takeAlong(state, account);
    account.enter(state);
    account.tell("account_joined", { flow: flowId });
    const meta = state.meta.value;
    if (meta) state.meta.value = { ...meta, epoch: a.newEpoch, was: epoch, schema: SCHEMA_IN_ACCOUNT };

    return { joined: true, epoch: a.newEpoch };
  },
};

function checkSettings({ meta }: FlowState, account: AccountState, a: Args): void {
  const differs = (what: string, stands: string, given: string) =>
    new ConfigError(
      `account ${a.name}: its ${what} is ${stands}, this flow's ${given}: a flow that differs cannot join`,
    );
  if (account.exists) {
    const [currency, same] = [account.need("currency"), account.need("same_currency")];
    if (currency !== a.currency) throw differs("currency", currency, a.currency);
    if (same !== a.sameCurrency) throw differs("same_currency", `[${same}]`, `[${a.sameCurrency}]`);
    const start = account.need("day_start");
    if (start !== String(a.dayStart)) throw differs("day_start", `${start} ms`, `${a.dayStart} ms`);
  }
  const counted = meta.value?.currency;
  if (counted && counted !== a.currency) throw differs("currency", a.currency, counted);
}

function checkPart({ exposure, flowId }: FlowState, account: AccountState, { how, name }: Args): void {
  if (how === "connect" && !exposure.isEmpty) {
    throw new ConfigError(
      `flow ${flowId} has open positions or pending entries: joinAccount, or sf-state account join, takes them into account ${name}`,
    );
  }
  const [notional, slots] = ["notional", "slots"].map((field) => account.fields.get(`${flowId}|${field}`) ?? "0");
  if (notional === "0" && slots === "0") return;
  throw new ConfigError(
    `account ${name} still counts ${slots} slots and an exposure of ${notional} of a flow ${flowId} whose state was lost: sf-state account forget ${flowId} takes them off`,
  );
}

/** Writes the settings, and a starting equity that counts from now on. */
function settle(account: AccountState, a: Args, { now, instance }: Call): void {
  const isNew = !account.exists;
  if (isNew) {
    account.setDuration(a.breakerDuration, { by: "config", who: instance, at: now });
    const made = {
      ...{ epoch: a.accountEpoch, created_at: String(now), currency: a.currency, same_currency: a.sameCurrency },
      ...{ day_start: String(a.dayStart), day: dayOf(now, a.dayStart), daily_pnl: "0", notional: "0", slots: "0" },
      ...{ peak_equity: "0", current_drawdown: "0" },
    };
    for (const [field, value] of Object.entries(made)) account.move(field, value);
  }
  if (a.startingEquity === undefined || account.fields.get("starting_equity") !== undefined) return;
  const equity = decimalText(toDecimal(a.startingEquity));
  for (const field of ["starting_equity", "equity", "peak_equity"]) account.move(field, equity);
  account.move("peak_at", String(now));
  account.move("current_drawdown", "0");
  let before = 0n;
  for (const [field, value] of account.fields.entries()) {
    if (field.endsWith("|booked") || field.endsWith("|transferred")) before += parseMoney(value);
  }
  account.move("booked_before", formatMoney(before));
}

/** Raises the account's day to the flow's if that is later: it is never earlier than one of its flows'. */
function takeAlong({ risk }: FlowState, account: AccountState): void {
  const day = risk.value?.day;
  if (day !== undefined && day > account.day) {
    account.move("day", day);
    account.move("daily_pnl", "0");
  }
}
