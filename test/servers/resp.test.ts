import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeRequest, encodeRequest, RespFramer } from "./resp.js";

const VALUES = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":42\r\n",
  "$-1\r\n",
  "$0\r\n\r\n",
  "$4\r\n\r\n\r\n\r\n",
  "*-1\r\n",
  "*0\r\n",
  "*3\r\n$1\r\na\r\n*1\r\n:1\r\n$-1\r\n",
  "_\r\n",
  ",1.5\r\n",
  "#t\r\n",
  "(12345678901234567890\r\n",
  "=8\r\ntxt:*2\r\n\r\n",
  "!5\r\nERR x\r\n",
  "~2\r\n:1\r\n:2\r\n",
  "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
  ">2\r\n+invalidate\r\n*1\r\n+key\r\n",
  "|1\r\n+ttl\r\n:9\r\n+value with an attribute\r\n",
  "PING\r\n",
];

test("however a stream is cut, the framer gives back its values whole and in order", () => {
  const stream = fc.array(fc.constantFrom(...VALUES), { maxLength: 20 });
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 20 });
  fc.assert(
    fc.property(stream, cuts, (values, cutAt) => {
      const bytes = Buffer.from(values.join(""));
      const bounds = [0, ...cutAt.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
      const framer = new RespFramer();
      const framed = bounds.flatMap((end, index) => framer.push(bytes.subarray(bounds[index - 1] ?? 0, end)));
      assert.equal(
        framed.map((value) => value.toString()),
        values,
      );
    }),
  );
});

test("a request survives the way through encoding and decoding", () => {
  const words = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(words, (request) => assert.equal(decodeRequest(encodeRequest(request)), request)));
});

test("an inline command is a request, too", () => {
  assert.equal(decodeRequest(Buffer.from("SET a  1\r\n")), ["SET", "a", "1"]);
});

test.run();
