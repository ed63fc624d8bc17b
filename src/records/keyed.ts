/** Records of a key and one value, as DuckDB keeps them. Redis has them as fields of a hash or as members of a sorted set. */
import { client } from "./client.js";
import { double, text, time } from "./field.js";

/** A bot process of the flow. */
export const instance = { instance: text, last_heartbeat: time };

/** The package that an instance told of. */
export const instanceVersion = { instance: text, ...client };

/** The newest heartbeat of all. */
export const heartbeat = { last_heartbeat: time };

/** `cooldown` is a pair, a pair and a side (`BTC/USDT|long`), or `*`. */
export const cooldown = { cooldown: text, until: time };

/** A risk limit. */
export const limit = { name: text, value: double };

export const closedOrder = { order_id: text, closed_at: time };

/** `fill` is the order's id and the fill's. */
export const recordedFill = { fill: text, recorded_at: time };

export const bookedTrade = { trade_id: text, booked_at: time };

export const processedSignal = { signal_id: text, processed_at: time };
