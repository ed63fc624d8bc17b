/** What is generated from the records, and what a field of a later version does to it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { columnsOf } from "../../src/backends/duckdb/record-columns.js";
import { type Fields, hidden, money, name, optional, since, text, whole } from "../../src/records/field.js";
import { luaJsonOf, luaParseOf } from "../../src/records/generate/lua.js";
import { typescriptOf } from "../../src/records/generate/typescript.js";
import { staleFiles } from "../../src/records/generate/write.js";
import { order } from "../../src/records/order.js";
import { jsonReader } from "../../src/records/stored.js";

const test = suite("records: generated");

test("every generated file is what the declarations make", () => {
  assert.equal(staleFiles(), [], "run npm run stamp");
});

test("a field that is added to a declaration is in the row, the JSON, the view and both Lua functions", () => {
  const fields: Fields = { ...order, note: since(2, optional(text)) };
  const source = typescriptOf({ name: "order", view: "PendingOrder", fields });
  for (const line of [
    "    note: given.note ?? null,",
    "    note: row.note ?? undefined,",
    '  if (typeof stored.note === "string") view.note = stored.note;',
  ]) {
    assert.ok(source.includes(`${line}\n`), line);
  }
  const lua = { name: "order", words: "An order", fields };
  assert.ok(luaJsonOf(lua).includes(`(o.note and ',"note":' .. quote(o.note) or "")`));
  assert.ok(luaJsonOf(lua).indexOf('"note"') < luaJsonOf(lua).indexOf('"metadata"'), "metadata stands last");
});

test("a field of a later version is what it was where a record of an earlier version lacks it", () => {
  const fields = { id: name, fees: since(2, hidden(money), 0n), count: since(2, whole, 1) };
  const read = jsonReader(fields);
  assert.equal(read('{"id":"a"}'), { id: "a", fees: 0n, count: 1 });
  assert.equal(read('{"id":"a","fees":"1.5","count":2}'), { id: "a", fees: 150_000_000n, count: 2 });
  const columns = columnsOf(fields);
  assert.is(columns.fees.fromJson(null), 0n);
  assert.is(columns.fees.fromJson("1.5"), 150_000_000n);
  const parse = luaParseOf({ name: "order", words: "An order", fields });
  assert.ok(parse.includes('  o.fees = o.fees or "0"\n'));
  assert.ok(parse.includes('  o.count = o.count and string.format("%d", o.count) or "1"\n'));
});

test("a field that was there from the first version may not be missing", () => {
  const read = jsonReader({ id: name, count: whole });
  assert.throws(() => read('{"id":"a"}'), /^count: /);
});

test.run();
