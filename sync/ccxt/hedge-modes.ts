/** Whether pairs are in hedge mode: as the user says, as ccxt tells of the account, or as the rows of positions show of a pair. */
import type { CcxtAccount } from "./account.js";
import { can } from "./ccxt-client.js";
import { rowsOf } from "./language/row.js";
import { hedgedOf } from "./market.js";

const ACCOUNT = "";

export class HedgeModes {
  readonly #known = new Map<string, boolean>();

  /** `told`: what the user says of the whole account. */
  constructor(told: boolean | undefined) {
    if (told !== undefined) this.#known.set(ACCOUNT, told);
  }

  /** What was asked before. */
  known(pair: string | undefined): boolean | undefined {
    return this.#known.get(ACCOUNT) ?? this.#known.get(pair ?? ACCOUNT);
  }

  /** Undefined where the exchange does not say. */
  async of(account: CcxtAccount, pair: string | undefined): Promise<boolean | undefined> {
    const known = this.known(pair);
    if (known !== undefined) return known;
    const { client, dialect } = account;
    if (dialect.hedges === false) return false;
    const byAccount = can(client, "fetchPositionMode");
    if (!byAccount && dialect.hedgedByPositions === undefined) return undefined;
    await account.loadMarkets();
    const found = await account.ask("position mode", async () =>
      byAccount
        ? hedgedOf(await client.fetchPositionMode?.(pair))
        : dialect.hedgedByPositions?.(rowsOf(await client.fetchPositions?.(pair === undefined ? undefined : [pair]))),
    );
    if (found !== undefined) this.#known.set(byAccount ? ACCOUNT : (pair ?? ACCOUNT), found);
    return found;
  }
}
