import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { metadataView } from "../../src/operations/view-metadata.js";

const test = suite("view of metadata");

const json = fc
  .dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a")), fc.jsonValue())
  .map((fields) => JSON.stringify(fields));

test("it is what its JSON says, however often it was read before", () => {
  fc.assert(
    fc.property(json, fc.integer({ min: 1, max: 3 }), (text, times) => {
      for (let i = 0; i < times; i++) {
        const view = metadataView(text);
        assert.is(JSON.stringify(view), JSON.stringify(JSON.parse(text)));
        assert.is(Object.getPrototypeOf(view), Object.prototype);
      }
    }),
  );
});

test("what a caller does to its copy is seen by nobody else, at any depth", () => {
  const text = '{"a":1,"legs":[{"size":2}],"deep":{"er":{"x":null}},"__proto__":{"y":3}}';
  const spoil = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const inner of Object.values(value)) spoil(inner);
    if (Array.isArray(value)) value.push("spoiled");
    else Object.assign(value, { spoiled: true });
  };
  for (let i = 0; i < 3; i++) {
    const view = metadataView(text);
    assert.is(JSON.stringify(view), text);
    spoil(view);
  }
});

test("more texts than are remembered, and longer ones, read the same", () => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1500; i++) assert.equal(metadataView(`{"n":${i}}`), { n: i });
  }
  for (const depth of [400, 1500]) {
    const deep = `{"deep":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    assert.is(JSON.stringify(metadataView(deep)), deep);
  }
});

test.run();
