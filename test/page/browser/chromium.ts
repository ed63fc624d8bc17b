/** Finds a real Chromium, as Redis is found: the one that npm carries, else Debian's. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { unpackDebian } from "../../servers/debian.cjs";
import { isExecutable, onPath } from "../../servers/executable.cjs";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/", import.meta.url));
const PACKAGE = "../../../node_modules/@sparticuz/chromium/package.json";

/**
 * Starts it. `args` beside `--no-sandbox`, which root needs, and `--disable-gpu`, which draws faster where there is none: none that switches a
 * protection off, or the tests prove nothing.
 */
export function launch(args: readonly string[] = []): Promise<Browser> {
  const { program, fonts } = found();
  return chromium.launch({
    executablePath: program,
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", ...args],
    env: { ...process.env, ...(fonts && { FONTCONFIG_PATH: fonts }) },
  });
}

interface Found {
  readonly program: string;
  /** A fontconfig of the same fonts on every machine. */
  readonly fonts?: string;
}

/** SF_CHROMIUM, the package's, the PATH's, Debian's. Throws an Error that says what was tried. */
function found(): Found {
  const chosen = process.env.SF_CHROMIUM;
  if (chosen) return { program: chosen };
  const tried: string[] = [];
  for (const way of [packaged, installed, debian]) {
    try {
      return way();
    } catch (error) {
      tried.push(`${way.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`no Chromium was found (SF_CHROMIUM=/path/to/chromium names one): ${tried.join("; ")}`);
}

/** What `@sparticuz/chromium` carries, unpacked once; safe when several processes do so at once. */
function packaged(): Found {
  const { version } = JSON.parse(readFileSync(new URL(PACKAGE, import.meta.url), "utf8"));
  const home = join(CACHE, `chromium-${version}`);
  if (!existsSync(home)) {
    mkdirSync(CACHE, { recursive: true });
    const place = mkdtempSync(join(CACHE, "chromium-"));
    try {
      const unpack = `import("@sparticuz/chromium").then(({ default: it }) => it.executablePath())`;
      execFileSync(process.execPath, ["--input-type=module", "--eval", unpack], {
        cwd: fileURLToPath(new URL(".", import.meta.url)),
        env: { ...process.env, TMPDIR: place },
        timeout: 120_000,
      });
      runs(join(place, "chromium"));
      renameSync(place, home);
    } catch (error) {
      rmSync(place, { recursive: true, force: true });
      if (!existsSync(home)) throw error;
    }
  }
  const fonts = join(home, "fonts");
  writeFonts(fonts);
  return { program: join(home, "chromium"), fonts };
}

function installed(): Found {
  const program = onPath("chromium-headless-shell", "chromium", "google-chrome");
  if (!program) throw new Error("none on the PATH");
  return { program };
}

/** Debian's package, fetched and unpacked. */
function debian(): Found {
  const home = join(CACHE, "chromium-debian");
  const program = join(home, "chromium-headless-shell");
  if (!isExecutable(program)) {
    unpackDebian({
      home,
      packages: ["chromium-headless-shell", "chromium-common"], // the second has its data
      programs: { "chromium-headless-shell": "usr/lib/chromium/chromium-headless-shell" },
    });
  }
  return { program };
}

/**
 * The fonts that came along, and none of the machine's: the pictures are the same everywhere. Named relative to the file, since checkouts share a cache
 * and go: Chromium without any font shows no text, and crashes where it draws one.
 */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;

function writeFonts(folder: string): void {
  const file = join(folder, "fonts.conf");
  if (existsSync(file) && readFileSync(file, "utf8") === FONTS) return;
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, FONTS);
  renameSync(draft, file);
}

function runs(program: string): void {
  execFileSync(program, ["--version"], { stdio: "ignore", timeout: 30_000 });
}
