import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

describeWithBrowser("the console's overview", () => {
  test("shows how the server does, live, and what it did while other views were looked at", async () => {
    await using opened = await openConsole("#/overview", { maxmemory: "100mb" });
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.text("MSET", "a", "1", "b", "2", "c", "3");
    await client.text("PEXPIRE", "a", "100000");
    await page.locator(".tile", { hasText: "Keys" }).filter({ hasText: "3" }).filter({ hasText: "1 of them expire" }).waitFor();
    await page.getByRole("progressbar", { name: "Share of maxmemory" }).waitFor();
    await page.getByRole("img", { name: /^Requests a second: requests \d/ }).waitFor();
    await page.getByRole("img", { name: /^Latency in the server: p50 \d.*p99.9 \d.* [µm]?s$/ }).waitFor();
    await page.getByRole("img", { name: /^Longest stall of the event loop: longest \d/ }).waitFor();
    expect(await page.getByRole("img").count()).toBe(9);
    await page.getByLabel("Time shown").selectOption("60 minutes");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Configuration" }).click();
    await page.getByRole("row").nth(10).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    // What was measured before is there at once.
    expect(await page.getByRole("img", { name: /^Requests a second/ }).getAttribute("aria-label")).toMatch(/requests \d/);
    expect(await page.getByLabel("Time shown").inputValue()).toBe("60");
    expect(problems).toEqual([]);
  });

  test("makes do with INFO for who may not ask for more", async () => {
    await using opened = await openConsole("#/overview");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.text("ACL", "SETUSER", "default", "-replicant.stats", "-replicant.progress");
    await page.reload();
    await page.getByRole("status").filter({ hasText: "default may not do that: NOPERM" }).waitFor();
    await page.getByRole("img", { name: /^Requests a second: requests \d/ }).waitFor();
    expect(await page.getByRole("img", { name: /^Latency/ }).count()).toBe(0);
    await client.text("ACL", "SETUSER", "default", "-info");
    await page.getByRole("alert").filter({ hasText: "NOPERM" }).first().waitFor();
    expect(problems).toEqual([]);
  });
});
