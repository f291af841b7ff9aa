import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

async function run(page: Page, line: string): Promise<void> {
  const input = page.getByRole("combobox", { name: "Command" });
  await input.fill(line);
  await input.press("Enter");
}

describeWithBrowser("the console's command line", () => {
  test("completes, hints, helps, runs, and brings back what was typed", async () => {
    await using opened = await openConsole("#/command-line");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    const input = page.getByRole("combobox", { name: "Command" });
    await page.getByText("Type a command.").waitFor();
    await input.fill("config resets");
    await page.getByRole("complementary").getByRole("heading").waitFor(); // the docs are there
    await input.press("Tab");
    expect(await input.inputValue()).toBe("config resetstat ");
    await input.fill("HGETAL");
    await input.press("Tab");
    await page.getByRole("complementary", { name: "Help about the command" }).getByRole("heading", { name: "HGETALL" }).waitFor();
    expect(await page.locator(".prompt-hint").textContent()).toBe("HGETALL key");
    await input.fill("SET a b KEEP");
    await input.press("Tab");
    expect(await input.inputValue()).toBe("SET a b KEEPTTL ");
    await input.fill("CLIENT ");
    await input.press("Tab");
    await page.getByRole("option", { name: "TRACKING", exact: true }).waitFor();
    await input.press("Escape");
    await run(page, `HSET "\\xff\\x00" field "two words" other ü`);
    await page.getByText("2", { exact: true }).waitFor();
    expect((await client.command("HGET", Buffer.from([0xff, 0]), "field")).toString()).toContain("two words");
    await run(page, String.raw`HGETALL "\xff\x00"`);
    await page.getByText("map of 2").waitFor();
    expect(await page.locator(".exchange").last().innerText()).toMatch(/"field"\s*⇒\s*"two words".*"other"\s*⇒\s*"ü".*(?:µs|ms)/s);
    await run(page, "NOSUCH");
    await page.getByText("ERR unknown command").waitFor();
    await run(page, 'GET "open');
    await page.getByText("a quote is not closed").waitFor();
    await run(page, "AUTH default hunter2");
    await page.getByText("AUTH •••").waitFor();
    await input.press("ArrowUp");
    expect(await input.inputValue()).toBe("NOSUCH");
    await input.press("ArrowUp");
    expect(await input.inputValue()).toBe(String.raw`HGETALL "\xff\x00"`);
    await input.press("ArrowDown");
    await input.press("ArrowDown");
    expect(await input.inputValue()).toBe("");
    await input.press("Control+r");
    await input.pressSequentially("hset");
    await page.getByRole("listbox", { name: "Lines typed before" }).getByRole("option", { name: "HSET" }).waitFor();
    await input.press("Enter");
    expect(await input.inputValue()).toStartWith("HSET ");
    expect(await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")).not.toContain("hunter2");
    expect(await page.content()).not.toContain("hunter2");
    await input.press("Control+l");
    await page.getByText("Type a command.").waitFor();
    expect(problems).toEqual([]);
  });

  test("shows the database, MULTI and pushes, and can be broken off", async () => {
    await using opened = await openConsole("#/command-line");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await run(page, "SELECT 3");
    await page.locator(".prompt-name", { hasText: "db3>" }).waitFor();
    await run(page, "MULTI");
    await page.getByText("MULTI, 0 queued").waitFor();
    await run(page, "INCR counter");
    await page.getByText("MULTI, 1 queued").waitFor();
    await page.locator(".prompt-name", { hasText: "db3(TX)>" }).waitFor();
    await run(page, "EXEC");
    await page.getByText("array of 1").waitFor();
    await page.locator(".prompt-name", { hasText: "db3>" }).waitFor();
    await run(page, "SUBSCRIBE news");
    await page.getByText("listens to channels").waitFor();
    await client.command("PUBLISH", "news", "it rains");
    await page.getByText('"it rains"').waitFor();
    await run(page, "ECHO still");
    await page.getByText('"still"').waitFor();
    await run(page, "BLPOP nothing 0");
    await page.getByText("waiting …").waitFor();
    await page.getByRole("combobox", { name: "Command" }).press("Control+c");
    await page.getByText("You broke it off").waitFor();
    await run(page, "PING");
    await page.getByText("PONG").waitFor();
    await run(page, "MONITOR");
    await page.getByRole("dialog").getByRole("button", { name: "Run it" }).click();
    await page.getByText("listens to MONITOR").waitFor();
    await client.command("SET", "seen", "1");
    await page.getByText('"SET" "seen" "1"').waitFor();
    await run(page, "GET seen");
    await page.getByText("This connection shows MONITOR; Ctrl-C breaks it off.").waitFor();
    await page.getByRole("button", { name: "Break off" }).click();
    await run(page, "CLIENT TRACKING ON");
    await run(page, "GET seen");
    await client.command("SET", "seen", "2");
    await page.getByText('"invalidate"').waitFor();
    await page.locator(".prompt-name", { hasText: "db0>" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("asks before what cannot be undone, and before pasted lines", async () => {
    await using opened = await openConsole("#/command-line");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.command("MSET", "a", "1", "b", "2");
    await run(page, "FLUSHALL");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Deletes all keys of all databases (2 keys)").waitFor();
    await page.keyboard.press("Escape");
    expect((await client.command("DBSIZE")).toString()).toBe(":2\r\n");
    await page.evaluate(`{
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "SET c 3\\n# more\\nSET d 4\\nFLUSHDB\\nSET e 5\\n");
      document.querySelector(".prompt input").dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }`);
    await dialog.getByText("Run 4 lines, one after the other?").waitFor();
    await dialog.getByText("Deletes all keys of database 0 (2 keys)").waitFor();
    await dialog.getByRole("button", { name: "Run them" }).click();
    await page.locator(".exchange").nth(3).getByText("OK").waitFor();
    expect((await client.command("KEYS", "*")).toString()).toBe("*1\r\n$1\r\ne\r\n");
    expect(problems).toEqual([]);
  });
});
