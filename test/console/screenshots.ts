/** Makes the pictures of docs/console/: `bun test/console/screenshots.ts [NAME ...]`, of all scenes or of those that are named. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { connect } from "../support/client.ts";
import { withPalette } from "./palette-png.ts";
import { SCENES } from "./scenes/index.ts";
import { startConsole } from "./server.ts";

const FOLDER = join(import.meta.dirname, "../../docs/console");
const WIDTH = 1280;
const HEIGHT = 800;

const wanted = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.REPLICANT_CHROMIUM ?? Bun.which("chromium") ?? "chromium",
  args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
});
await mkdir(FOLDER, { recursive: true });
for (const { name, hash, directives = {}, height = HEIGHT, fill, act, end } of SCENES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const colorScheme of ["light", "dark"] as const) {
    await using server = await startConsole(directives);
    using client = await connect(server.port);
    await fill((...words) => client.command(...words));
    const page = await browser.newPage({ viewport: { width: WIDTH, height }, colorScheme, reducedMotion: "reduce" });
    await page.goto(`http://127.0.0.1:${server.server.console.port}/${hash}`);
    await act(page);
    const png = withPalette(await page.screenshot());
    const file = join(FOLDER, `${name}${colorScheme === "dark" ? "-dark" : ""}.png`);
    await writeFile(file, png);
    console.log(`${file}: ${Math.ceil(png.length / 1024)} KB`);
    await page.close();
    await end?.();
  }
}
await browser.close();
