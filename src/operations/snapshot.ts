import { activeBreaker } from "../state/breaker.js";
import type { Snapshot } from "../types.js";
import { list, type Operation, optionalTime, text } from "./operation.js";
import { accountView } from "./view-account.js";
import { admissionsOn } from "./view-admissions.js";
import { instancesFromReply, instancesView } from "./view-instances.js";
import { limitsView, originsView } from "./view-limits.js";
import { orderFromRow, ordersFromReply, sortedOrders } from "./view-order.js";
import { positionFromRow, positionsFromReply, sortedPositions } from "./view-position.js";
import { breakerFromReply, breakerView, riskFromReply, riskView } from "./view-risk.js";
import { pairsFromReply, signalsFromReply, signalsView } from "./view-signals.js";

interface Args {
  readonly dayStart: number;
  readonly dedupWindow: number;
}

export const snapshot: Operation<Args, Omit<Snapshot, "flowId">> = {
  name: "snapshot",
  kind: "read",
  keys: [
    "positions:open",
    "orders:pending",
    "risk:daily",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:processed",
    "signals:cooldowns",
    "signals:last",
    "execution:heartbeat",
    "execution:instances",
    "execution:versions",
    "admission:stats",
    "risk:limits_by",
  ],
  args: {
    day_start: (a) => a.dayStart,
    dedup_window: (a) => a.dedupWindow,
  },
  decode(reply) {
    const heartbeat = optionalTime(reply, 11);
    const recovering = text(reply, 14);
    const account = text(reply, 17);
    const risk = riskFromReply(list(reply, 5), 0);
    const limits = new Map(pairsFromReply(reply, 7));
    return {
      epoch: text(reply, 1),
      at: new Date(Number(text(reply, 2))),
      positions: positionsFromReply(reply, 3),
      orders: ordersFromReply(reply, 4),
      risk,
      breaker: breakerFromReply(list(reply, 6), 0),
      limits: limitsView(limits),
      limitOrigins: originsView(limits, new Map(pairsFromReply(reply, 16))),
      signals: signalsFromReply(list(reply, 8), list(reply, 9), list(reply, 10)),
      ...(heartbeat && { heartbeat }),
      instances: instancesFromReply(reply, 12),
      admissions: admissionsOn(new Map(pairsFromReply(reply, 15)), risk.day),
      ...(recovering !== "" && { recovering }),
      ...(account !== "" && {
        account: accountView(new Map(pairsFromReply(reply, 18)), Number(text(reply, 2)), account),
      }),
    };
  },
  apply(state, a, { now }) {
    const heartbeat = state.heartbeat.value;
    const recovering = state.meta.value?.recovering;
    const risk = riskView(state, now, a.dayStart);
    return {
      epoch: state.meta.value?.epoch ?? "",
      at: new Date(now),
      positions: sortedPositions([...state.positions.values()].map(positionFromRow)),
      orders: sortedOrders([...state.orders.values()].map(orderFromRow)),
      risk,
      breaker: breakerView(activeBreaker(state, now)),
      limits: limitsView(state.limits),
      limitOrigins: originsView(state.limits, state.limitsBy),
      signals: signalsView(state, now, a.dedupWindow),
      ...(heartbeat !== undefined && { heartbeat: new Date(heartbeat) }),
      instances: instancesView(state),
      admissions: admissionsOn(state.admissions, risk.day),
      ...(recovering && { recovering }),
      ...(state.account && {
        account: accountView(new Map(state.account.fields.entries()), now, state.account.name),
      }),
    };
  },
};
