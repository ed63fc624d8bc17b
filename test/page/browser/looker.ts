/** A person's browser at the page: one window of a size and a colour scheme, and all that must never happen in it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import * as assert from "uvu/assert";

export const DESK = { width: 1440, height: 900 } as const;
export const PHONE = { width: 390, height: 844 } as const;

/** Kept by CI; ignored by git. */
const PICTURES = fileURLToPath(new URL("../../../.cache/page-pictures/", import.meta.url));

/** Told to the test by `console.error`: a violation that a page could hide is none that the console would miss. */
const TELL_VIOLATIONS = `addEventListener("securitypolicyviolation", (event) =>
  console.error("VIOLATION " + event.violatedDirective + " " + event.blockedURI));`;

export class Looker implements AsyncDisposable {
  /** What must not be: violations, uncaught errors, requests elsewhere, dialogs that a script opened. */
  readonly wrong: string[] = [];
  readonly urls: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    private readonly origin: string,
  ) {}

  static async open(
    browser: Browser,
    origin: string,
    { size = DESK, scheme = "dark" }: { size?: typeof DESK | typeof PHONE; scheme?: "dark" | "light" } = {},
  ): Promise<Looker> {
    const isPhone = size === PHONE;
    const context = await browser.newContext({
      viewport: size,
      colorScheme: scheme,
      isMobile: isPhone,
      hasTouch: isPhone,
      reducedMotion: isPhone ? "reduce" : "no-preference",
      locale: "en-US",
      acceptDownloads: true,
    });
    await context.addInitScript(TELL_VIOLATIONS);
    const looker = new Looker(context, origin);
    context.on("page", (page) => looker.#watch(page));
    context.on("request", (request) => {
      looker.urls.push(request.url());
      if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin)
        looker.wrong.push(`request ${request.url()}`);
    });
    return looker;
  }

  #watch(page: Page): void {
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.wrong.push(`error ${error.message}`));
    page.on("dialog", (dialog) => {
      this.wrong.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      const text = message.text();
      if (/^VIOLATION|Content Security Policy/.test(text)) this.wrong.push(text);
    });
  }

  async page(address: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(address);
    await page.waitForSelector(".card");
    return page;
  }

  async go(page: Page, hash: string): Promise<void> {
    await page.goto(`${this.origin}/${hash}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    assert.equal(this.wrong, []);
  }
}

/** Of all of the page; `window`: of what is seen at once, which takes half as long. */
export async function picture(page: Page, name: string, what: "page" | "window" = "page"): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.jpg`);
  await page.screenshot({ path, type: "jpeg", quality: 80, fullPage: what === "page" });
}
