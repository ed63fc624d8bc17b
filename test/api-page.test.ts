/** The page at the head of the API reference names what there is, and all that a bot calls. */
import { readFile } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as library from "../src/index.js";
import * as sync from "../sync/index.js";

const test = suite("api page");
const page = await readFile(new URL("../src/api.md", import.meta.url), "utf8");
const code = [...page.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
const methods = new Set(Object.getOwnPropertyNames(library.StateManager.prototype));
const named = new Set(code.flatMap((text) => [...text.matchAll(/\bstate\.(\w+)\(/g)].map(([, name = ""]) => name)));

test("every call that it names is there", () => {
  assert.ok(named.size > 50, `${named.size} calls`);
  assert.equal(
    [...named].filter((name) => !methods.has(name)),
    [],
  );
  const exported = new Set([...Object.keys(library), ...Object.keys(sync)]);
  const functions = code.flatMap((text) => [...text.matchAll(/(?:^|new )(\w+)\(/g)].map(([, name = ""]) => name));
  const errors = code.filter((text) => /^\w+Error$/.test(text));
  assert.ok(functions.length > 10 && errors.length > 5);
  assert.equal(
    [...functions, ...errors].filter((name) => !exported.has(name)),
    [],
  );
});

test("every method of the manager has its task", () => {
  assert.equal(
    [...methods].filter((name) => name !== "constructor" && !named.has(name)),
    [],
  );
});

test.run();
