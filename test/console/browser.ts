/** A real browser: Debian's Chromium, driven from tests of the console's page. */

import { afterAll, beforeAll, describe } from "bun:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { startServer, TestServer } from "../support/server.ts";
import { startConsole } from "./server.ts";

/** Where a Chromium is; null: there is none. */
const CHROMIUM = process.env.REPLICANT_CHROMIUM ?? Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome");

const START_MS = 30_000;
/** How long a test waits for something to show. */
const SHOWN_MS = 10_000;

/** A page, the server that it is of, and what went wrong in it. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly server: TestServer;
  readonly origin: string;
  /** Errors of the page's code, and what the browser complains of: a breach of the content policy, a file that is missing. */
  readonly problems: string[];
}

let browser: Browser | null = null;

/** Describes tests that need a browser; skipped without one, and fails there under REPLICANT_REQUIRE_BROWSER=1. */
export function describeWithBrowser(name: string, tests: () => void): void {
  const isRequired = process.env.REPLICANT_REQUIRE_BROWSER === "1";
  if (CHROMIUM === null && !isRequired) {
    describe.skip(`${name} (needs Chromium on the PATH)`, tests);
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      if (CHROMIUM === null) throw new Error("REPLICANT_REQUIRE_BROWSER=1, and there is no Chromium on the PATH");
      browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        timeout: START_MS,
      });
    }, START_MS);
    afterAll(async () => {
      await browser?.close();
      browser = null;
    });
    tests();
  });
}

/** Starts a server with a console, and opens its page at `hash` ("#/keys") in a browser of its own. */
export async function openConsole(
  hash = "",
  directives: Parameters<typeof startServer>[0] = {},
  context: BrowserContextOptions = {},
): Promise<OpenPage> {
  const server = await startConsole(directives);
  const opened = await openPage(server, hash, context);
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

/** Likewise, of a server that runs. */
export async function openPage(server: TestServer, hash = "", context: BrowserContextOptions = {}): Promise<OpenPage> {
  if (browser === null) throw new Error("openPage outside of describeWithBrowser");
  const origin = `http://127.0.0.1:${server.server.console.port}`;
  const own = await browser.newContext(context);
  const page = await own.newPage();
  page.setDefaultTimeout(SHOWN_MS);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(`${origin}/${hash}`);
  return { page, server, origin, problems, [Symbol.asyncDispose]: () => own.close() };
}
