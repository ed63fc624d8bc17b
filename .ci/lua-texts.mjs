// The Lua files as a JavaScript module, in the place of src/backends/redis/lua-texts.ts: what the package and every bundle of it runs.
// A text that is stamped into many scripts (lua/stamp.ts) stands in the module once.
import { readdirSync, readFileSync } from "node:fs";

const STAMP = /^-- >>> (\w+)\.lua\n[\s\S]*?^-- <<< \1\.lua$/gm;

/** The source of a module that exports `luaText(name)`; `folder` is the URL of lua/. */
export function luaTextsModule(folder) {
  const stamps = new Map();
  const texts = luaNames(folder).map((name) => {
    const text = readFileSync(new URL(`${name}.lua`, folder), "utf8");
    const parts = partsOf(text, stamps);
    return `  ${JSON.stringify(name)}: () => ${parts.join(" + ")},\n`;
  });
  const shared = [...stamps].map(([stamp, at]) => `const stamp${at} = ${JSON.stringify(stamp)};\n`);
  return `// Made by .ci/lua-texts.mjs from lua/*.lua.
${shared.join("")}const texts = {
${texts.join("")}};
export function luaText(name) {
  return Object.hasOwn(texts, name) ? texts[name]() : undefined;
}
`;
}

/** The names of the scripts, without `.lua`; those that are no operation stand in folders. What is stamped into scripts, in shared/, is none. */
export function luaNames(folder) {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory() && each.name !== "shared");
  const names = ["", ...folders.map(({ name }) => `${name}/`)].flatMap((under) => readdirSync(new URL(`./${under}`, folder)).map((name) => under + name));
  return names.filter((name) => name.endsWith(".lua")).map((name) => name.slice(0, -".lua".length));
}

/** The text as JavaScript terms; what is stamped is numbered in `stamps`. */
function partsOf(text, stamps) {
  const parts = [];
  let end = 0;
  for (const { 0: stamp, index } of text.matchAll(STAMP)) {
    if (!stamps.has(stamp)) stamps.set(stamp, stamps.size);
    parts.push(JSON.stringify(text.slice(end, index)), `stamp${stamps.get(stamp)}`);
    end = index + stamp.length;
  }
  parts.push(JSON.stringify(text.slice(end)));
  return parts;
}
