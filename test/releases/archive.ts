import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../servers/command.cjs";
import { onPath } from "../servers/executable.cjs";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const UPDATE_LIMIT_MS = 120_000;
const DOWNLOAD_LIMIT_MS = 180_000;

/**
 * The packages of one Debian release, whichever release this machine runs: read from the mirror that its apt names, with lists
 * and files in a folder of their own, which needs no rights and leaves the machine as it is.
 */
export class Archive {
  readonly #options: readonly string[];
  readonly #files: string;

  /** Reads the release's package lists into `folder`. Throws an Error that says what is missing. */
  static open(suite: string, folder: string): Archive {
    const missing = ["apt-get", "apt-cache", "dpkg-deb"].filter((tool) => onPath(tool) === undefined);
    if (missing.length > 0) throw new Error(`this machine has no ${missing.join(", no ")}`);
    const archive = new Archive(suite, mirror(), folder);
    const listing = run("apt-get", ["update", ...archive.#options], { limit: UPDATE_LIMIT_MS });
    // A list that could not be read is a warning for apt, and it ends with 0.
    const failed = listing.split("\n").find((line) => line.startsWith("Err:"));
    if (failed) throw new Error(`the package lists of ${suite} cannot be read: ${failed}`);
    return archive;
  }

  private constructor(suite: string, site: string, folder: string) {
    this.#files = join(folder, "files");
    const cache = join(folder, "cache");
    const lists = join(folder, "lists");
    for (const each of [this.#files, join(lists, "partial"), join(cache, "archives/partial")])
      mkdirSync(each, { recursive: true });
    const sources = join(folder, "sources.list");
    const installed = join(folder, "installed");
    const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
    writeFileSync(sources, `deb ${signed}${site} ${suite} main\n`);
    writeFileSync(installed, "");
    const settings = {
      "Dir::Etc::SourceList": sources,
      "Dir::Etc::SourceParts": "-",
      "Dir::Etc::Preferences": "-",
      "Dir::Etc::PreferencesParts": "-",
      "Dir::State::Lists": lists,
      "Dir::State::Status": installed,
      "Dir::Cache": cache,
      "APT::Default-Release": "",
      "APT::Sandbox::User": "",
      "Acquire::Languages": "none",
    };
    this.#options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  }

  /** Unpacks the packages into `tree`, and every library that they depend on, that of C included. */
  unpack(packages: readonly string[], tree: string): void {
    // First the packages: where one is missing, apt-get names it, and apt-cache does not.
    this.#download(packages);
    this.#download(this.#libraries(packages));
    mkdirSync(tree, { recursive: true });
    for (const file of readdirSync(this.#files)) run("dpkg-deb", ["-x", join(this.#files, file), tree]);
  }

  #download(names: readonly string[]): void {
    run("apt-get", ["download", ...this.#options, ...names], { cwd: this.#files, limit: DOWNLOAD_LIMIT_MS });
  }

  #libraries(packages: readonly string[]): string[] {
    const kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(
      (kind) => `--no-${kind}`,
    );
    const listing = run("apt-cache", ["depends", ...this.#options, "--recurse", ...kinds, ...packages]);
    const names = new Set(listing.split("\n").filter((line) => /^(?:lib|lua-|zlib)\S*$/.test(line)));
    return [...names].filter((name) => !packages.includes(name));
  }
}

/** The Debian mirror that this machine's apt reads its own packages from. */
function mirror(): string {
  const listing = run("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Label: Debian", "Identifier: Packages"]);
  const site = listing.split("\n").find((line) => line !== "");
  if (site === undefined) throw new Error("apt of this machine names no Debian mirror");
  return site;
}
