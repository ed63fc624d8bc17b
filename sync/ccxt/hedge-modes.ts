/** Whether pairs are in hedge mode: from the user, from what ccxt tells of the account, or from the rows of positions of a pair. */
import type { CcxtAccount } from "./account.js";
import { can } from "./ccxt-client.js";
import { rowsOf } from "./language/row.js";
import { hedgedOf } from "./market.js";

const ACCOUNT = "";

export class HedgeModes {
  readonly #known = new Map<string, boolean>();

  /** `told`: what the user says about the whole account. */
  constructor(told: boolean | undefined) {
    if (told !== undefined) this.#known.set(ACCOUNT, told);
  }

  /** The answer so far; undefined if it was not asked. */
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
