/** A bot that trades in a scene, dies, and is brought back in line. */
import * as assert from "uvu/assert";
import { type PositionSide, StateManager } from "../../../src/index.js";
import { type RecoveryOptions, recover } from "../../../sync/index.js";
import type { Scene } from "./scene.js";

const QUICK = { settle: 0, confirmDelay: 1, deadline: "5s", exclusiveAccount: true } satisfies RecoveryOptions;

/** A bot's flow in memory; its clock can be set back. */
export class Bot implements AsyncDisposable {
  private constructor(
    readonly mgr: StateManager,
    readonly scene: Scene,
    readonly clock: { behind: number },
  ) {}

  static async open(scene: Scene): Promise<Bot> {
    const clock = { behind: 0 };
    const mgr = await StateManager.open("bot", { backend: "memory" }, { clock: () => Date.now() - clock.behind });
    await mgr.heartbeat();
    // The account has nothing but what the bot buys.
    if (scene.played.kind === "spot") for (const { base } of scene.played.markets) scene.venue.coins.set(base, 0);
    return new Bot(mgr, scene, clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mgr.close();
  }

  async admit(id: string, side: PositionSide = "long", lots = 2): Promise<void> {
    const { scene, mgr } = this;
    const price = scene.venue.price(scene.pair);
    const entry = { signalId: id, orderId: id, pair: scene.pair, side, size: scene.size(lots), price };
    const { admitted } = await mgr.admit(entry);
    assert.ok(admitted);
  }

  /** Sends the order of that entry, and it fills: at a limit where the exchange does not buy sizes at market. */
  async enter(clientOrderId: string): Promise<void> {
    const { scene } = this;
    const { port, venue, pair, played, dialect } = scene;
    const price = venue.price(pair);
    const atLimit = played.kind === "spot" && dialect.spotBuysInQuote === true;
    const type = atLimit ? ({ type: "limit", price } as const) : {};
    await port.createOrder(scene.request({ clientOrderId, side: "buy", ...type }));
    const order = scene.order(clientOrderId);
    if (atLimit) venue.fill(order, order.size, price);
  }

  recover(options: RecoveryOptions = {}) {
    return recover(this.mgr, this.scene.port, { ...QUICK, ...options });
  }

  /** A long of two lots that state and exchange know. */
  async hold(): Promise<string> {
    await this.admit("entry1");
    await this.enter("entry1");
    await this.recover();
    const [position] = await this.mgr.getPositions();
    if (!position) throw new Error("no position");
    return position.id;
  }

  /** What the venue's fills made, in the settle currency, reckoned apart from the product. */
  truth(): number {
    const { venue, market } = this.scene;
    return venue.fills.reduce((sum, { side, size, price, fee }) => {
      const units = size * market.contractSize;
      const got = market.kind === "inverse" ? units / price : units * price;
      const sign = (side === "sell") === (market.kind !== "inverse") ? 1 : -1;
      return sum + sign * got - fee.amount;
    }, 0);
  }

  async checkFlat(): Promise<void> {
    assert.equal(await this.mgr.getPositions(), []);
    assert.equal(await this.mgr.getPendingOrders(), []);
    const { dailyPnl } = await this.mgr.getRiskState();
    const truth = this.truth();
    assert.ok(Math.abs(dailyPnl - truth) < Math.abs(truth) * 1e-6 + 2e-8, `${dailyPnl} booked, ${truth} in truth`);
    assert.ok(truth < 0, "the test is of a loss");
  }
}
