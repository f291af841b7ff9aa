/** The console: when its page first shows something, what it loads, and what an open page costs the server. */
import { type Browser, chromium, type Page } from "playwright-core";
import { freePort } from "../support/process.ts";
import { cpuSeconds } from "./cpu.ts";
import { runBenchmark } from "./load.ts";
import { attach, type Contender, inBatches, keyName, load, start, value32 } from "./servers.ts";
import { median, section } from "./table.ts";

const KEYS = 100_000;
/** How long a page is watched, in ms, after it has settled. */
const WATCHED_MS = 10_000;
const SETTLED_MS = 3000;
const REQUESTS = 1_000_000;
const PER_MILLION = 1_000_000;

interface Loaded {
  /** ms from the start of the navigation. */
  readonly firstPaint: number;
  /** As they came over the wire, without headers. */
  readonly bytes: number;
}

/** -> Markdown sections. Needs Chromium on the PATH (`REPLICANT_CHROMIUM`). */
export async function benchConsole(ours: Contender, rounds: number, log: (line: string) => void): Promise<string> {
  const executablePath = process.env.REPLICANT_CHROMIUM ?? Bun.which("chromium") ?? "";
  if (executablePath === "") throw new Error("the suite console needs Chromium on the PATH (Debian: chromium)");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const consolePort = freePort();
    await using server = await start(ours, { args: ["--console-port", String(consolePort)] });
    const client = await attach(server);
    await load(
      client,
      inBatches(KEYS, 100, (from, to) => [
        "MSET",
        ...Array.from({ length: to - from }, (_, at) => [keyName(from + at), value32(at)]).flat(),
      ]),
    );
    client.close();
    const origin = `http://127.0.0.1:${consolePort}`;
    const loads: Loaded[] = [];
    for (let round = 0; round < rounds; round++) loads.push(await loadOnce(browser, origin));
    const idle = [await watch(server.pid, null)];
    const found: [view: string, seconds: number][] = [];
    for (const view of await viewsOf(browser, origin)) {
      log(`console: ${view}`);
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${origin}/#/${view}`);
      found.push([view, await watch(server.pid, page)]);
      await page.context().close();
    }
    idle.push(await watch(server.pid, null));
    const rows = found.map(([view, seconds]) => [view, (((seconds - median(idle)) / WATCHED_MS) * PER_MILLION).toFixed(1)]);
    const open = section("An open page", ABOUT_OPEN, ["view", "ms of the processor a second"], rows);
    return [loading(loads), open, await requests(browser, origin, server, rounds)].join("\n\n");
  } finally {
    await browser.close();
  }
}

const ABOUT_OPEN = `What the server does for a page that is open on ${KEYS.toLocaleString("en")} keys and that no one touches, over what it does without.`;

/** The names of the views, as the menu's links have them. */
async function viewsOf(browser: Browser, origin: string): Promise<string[]> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(origin);
  await page.getByRole("heading", { level: 1 }).waitFor();
  const addresses = (await page.evaluate("Array.from(document.querySelectorAll('nav a'), (one) => one.hash)")) as string[];
  await page.context().close();
  return addresses.map((address) => address.replace("#/", ""));
}

async function loadOnce(browser: Browser, origin: string): Promise<Loaded> {
  const context = await browser.newContext();
  const page = await context.newPage();
  let bytes = 0;
  page.on("response", async (response) => {
    bytes += (await response.request().sizes()).responseBodySize;
  });
  await page.goto(origin, { waitUntil: "networkidle" }).catch(() => {});
  await page.getByRole("heading", { level: 1 }).waitFor();
  const firstPaint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime");
  await context.close();
  return { firstPaint: Number(firstPaint), bytes };
}

function loading(loads: readonly Loaded[]): string {
  const rows = [
    ["first contentful paint, ms", median(loads.map(({ firstPaint }) => firstPaint)).toFixed(0)],
    ["bytes that it loads", median(loads.map(({ bytes }) => bytes)).toLocaleString("en")],
  ];
  return section("Console", "The page in a Chromium without a cache, over loopback; medians.", ["what", "figure"], rows);
}

/** -> seconds of the server's processor while nothing else happens. */
async function watch(pid: number, page: Page | null): Promise<number> {
  await page?.getByRole("heading", { level: 1 }).waitFor();
  await Bun.sleep(SETTLED_MS);
  const before = cpuSeconds(pid);
  await Bun.sleep(WATCHED_MS);
  return cpuSeconds(pid) - before;
}

async function requests(
  browser: Browser,
  origin: string,
  server: { readonly port: number; readonly pid: number },
  rounds: number,
): Promise<string> {
  const rows: string[][] = [];
  for (const words of [
    ["GET", "key:__rand_int__"],
    ["SET", "key:__rand_int__", "v".repeat(32)],
  ]) {
    const figures: Record<"closed" | "open", number[]> = { closed: [], open: [] };
    const once = async (kind: "closed" | "open"): Promise<void> => {
      const before = cpuSeconds(server.pid);
      await runBenchmark({ port: server.port, words, pipeline: 16, keyspace: KEYS, requests: REQUESTS });
      figures[kind].push(((cpuSeconds(server.pid) - before) / REQUESTS) * PER_MILLION);
    };
    await once("closed");
    figures.closed.length = 0; // the first one warms up
    for (let round = 0; round < rounds; round++) {
      await once("closed");
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${origin}/#/overview`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await Bun.sleep(SETTLED_MS);
      await once("open");
      await context.close();
    }
    const [closed, open] = [median(figures.closed), median(figures.open)];
    rows.push([words[0] ?? "", closed.toFixed(3), open.toFixed(3), (open / closed).toFixed(3)]);
  }
  const about = `Processor time of the server a request, pipelines of 16, with the overview open and without a page; alternating, medians of ${rounds}.`;
  return section("Requests beside it", about, ["command", "closed, µs", "open, µs", "ratio"], rows);
}
