// Builds the operator's page (src/page/app) for browsers: bundled, minified, each file but the page itself named after its content. What is
// written may be cached for ever, but for index.html.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const APP = fileURLToPath(new URL("../src/page/app/", import.meta.url));

/** Makes the folder anew, with index.html, icon.svg and assets/; one that has the same page stays as it is, for whoever reads it. */
export async function buildPage(folder) {
  const home = resolve(folder);
  mkdirSync(dirname(home), { recursive: true });
  const place = mkdtempSync(`${home}-`);
  try {
    await writePage(place);
    if (pageIn(home) === pageIn(place)) return;
    rmSync(home, { recursive: true, force: true });
    renameSync(place, home);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** What names all the rest, each after its content. */
function pageIn(folder) {
  const page = join(folder, "index.html");
  return existsSync(page) ? readFileSync(page, "utf8") : undefined;
}

/** uPlot takes the browser's language for its numbers, and is broken by one that is no language, such as `en-US@posix`. Ours are in English. */
const english = {
  name: "english",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const contents = source.replace("domEnv ? nav.language : 'en-US'", "'en-US'");
      if (contents === source) throw new Error("uPlot has no nav.language any more");
      return { contents };
    });
  },
};

async function writePage(folder) {
  mkdirSync(join(folder, "assets"));
  const { metafile } = await build({
    entryPoints: [join(APP, "main.tsx"), join(APP, "page.css")],
    outdir: join(folder, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true, // charts and the view of a flow come when they are wanted
    minify: true,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "none",
    plugins: [english],
    metafile: true,
  });
  const made = (source) => {
    const found = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(`src/page/app/${source}`));
    return `/assets/${basename(found[0])}`;
  };
  copyFileSync(join(APP, "icon.svg"), join(folder, "icon.svg"));
  const page = readFileSync(join(APP, "index.html"), "utf8")
    .replaceAll("main.tsx", made("main.tsx"))
    .replaceAll("page.css", made("page.css"));
  writeFileSync(join(folder, "index.html"), page);
}
