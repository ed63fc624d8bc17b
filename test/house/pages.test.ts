/** The pages: every link between them leads somewhere, and the README stays short. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("pages");
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const pages = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((page) => page !== "" && existsSync(join(ROOT, page)));

/** A page without what stands in it as code. */
function prose(page: string): string {
  return readFileSync(join(ROOT, page), "utf8").replace(/^```.*?^```/gms, "");
}

/** The anchors of a page's headings, as GitHub names them. */
function anchors(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading ?? "");
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

test("every link between pages leads to a file, and to a heading that is there", () => {
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, link = ""] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(ROOT, target))) broken.push(`${page}: ${link} is not there`);
      else if (anchor !== undefined && !anchors(target).has(anchor))
        broken.push(`${page}: ${link} has no such heading`);
    }
  }
  assert.equal(broken, []);
});

test("whoever begins at the README reaches every page", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    if (!pages.includes(page)) continue;
    for (const [, link = ""] of prose(page).matchAll(/\]\(([^)#\s]+)/g))
      reached.add(normalize(join(dirname(page), link)));
  }
  const folders = [...reached];
  const isReached = (page: string) => reached.has(page) || folders.some((folder) => dirname(page) === folder);
  assert.equal(
    pages.filter((page) => !page.startsWith("test/migrations/") && !isReached(page)),
    [],
  );
});

test("the README is read in minutes", () => {
  assert.ok(readFileSync(join(ROOT, "README.md"), "utf8").split("\n").length <= 180);
});

test.run();
