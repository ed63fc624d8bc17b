/** What a Redis server holds of accounts and their flows, and whether the sums are right. */
import { Redis } from "ioredis";
import { accountDifferences } from "../../src/state/account-sums.js";

export class AccountServer implements Disposable {
  readonly client: Redis;

  constructor(url: string) {
    this.client = new Redis(url);
  }

  [Symbol.dispose](): void {
    this.client.disconnect();
  }

  /** All fields of an account, by name. */
  async fields(account: string): Promise<Map<string, string>> {
    return new Map(Object.entries(await this.client.hgetall(`sf:@${account}:risk`)).sort());
  }

  /** What differs between the account's sums and those over its flows; the server must be quiet. */
  async differences(account: string, flowIds: readonly string[]): Promise<string[]> {
    const flows = new Map<string, Map<string, string>>();
    for (const flowId of flowIds) {
      if ((await this.client.hget(`sf:${flowId}:flow:meta`, "account")) !== account) continue;
      flows.set(flowId, new Map(Object.entries(await this.client.hgetall(`sf:${flowId}:risk:exposure`))));
    }
    return accountDifferences(await this.fields(account), flows);
  }
}
