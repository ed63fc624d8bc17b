/** Everything that is generated from the records. */
import type { Fields } from "../field.js";
import { order } from "../order.js";
import { position } from "../position.js";
import { trade } from "../trade.js";
import { luaJsonOf, luaParseOf } from "./lua.js";
import { typescriptOf } from "./typescript.js";

/** The records that Redis keeps as JSON and that almost every call uses. */
const RECORDS: readonly { name: string; words: string; view: string; fields: Fields }[] = [
  { name: "order", words: "An order", view: "PendingOrder", fields: order },
  { name: "position", words: "A position", view: "Position", fields: position },
  { name: "trade", words: "A trade", view: "Trade", fields: trade },
];

/** Text by path, from the root of the repository. */
export function generated(): ReadonlyMap<string, string> {
  return new Map(
    RECORDS.flatMap((record) => [
      [`src/records/generated/${record.name}.ts`, typescriptOf(record)],
      [`lua/shared/${record.name}.lua`, luaJsonOf(record)],
      [`lua/shared/${record.name}_parse.lua`, luaParseOf(record)],
    ]),
  );
}
