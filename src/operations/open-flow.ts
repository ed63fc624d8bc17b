import { type Operation, text } from "./operation.js";

interface Args {
  /** The epoch for a new flow; empty: make no flow. */
  readonly epoch: string;
  readonly schema: number;
}

export interface OpenedFlow {
  readonly created: boolean;
  readonly epoch: string;
  readonly schema: number;
  /** The exchange account that the flow is in. */
  readonly account?: string;
}

/** Undefined if there is no flow and none was made. */
export const openFlow: Operation<Args, OpenedFlow | undefined> = {
  name: "open_flow",
  kind: "open",
  keys: [],
  args: {
    epoch: (a) => a.epoch,
    schema: (a) => a.schema,
  },
  words: {
    call: "number of the call, given back last",
    epoch: 'the epoch to give a new flow; "" = make none',
  },
  decode(reply) {
    if (reply[0] === "absent") return undefined;
    const account = text(reply, 4);
    return {
      created: reply[0] === "created",
      epoch: text(reply, 1),
      schema: Number(text(reply, 2)),
      ...(account !== "" && { account }),
    };
  },
  apply(state, a, call) {
    const stored = state.meta.value;
    if (stored) {
      const { epoch, schema } = stored;
      return { created: false, epoch, schema, ...(state.account && { account: state.account.name }) };
    }
    if (a.epoch === "") return undefined;

    state.meta.value = {
      epoch: a.epoch,
      schema: a.schema,
      created_at: call.now,
      recovering: null,
      was: null,
      currency: null,
      same_currency: null,
      guards: null,
    };

    return { created: true, epoch: a.epoch, schema: a.schema };
  },
};
