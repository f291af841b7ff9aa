import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole, openPage } from "./browser.ts";
import { startConsole } from "./server.ts";

describeWithBrowser("the console's page", () => {
  test("opens without a question where the server needs no password, and has nothing to complain of", async () => {
    await using opened = await openConsole();
    const { page, problems } = opened;
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test("asks who comes, says what was wrong, and forgets who leaves", async () => {
    await using server = await startConsole({ requirepass: "secret" });
    await using opened = await openPage(server);
    const { page, problems } = opened;
    await page.getByLabel("Password").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "not right" }).waitFor();
    await page.getByLabel("Password").fill("secret");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByLabel("Password").waitFor();
    expect(problems.filter((text) => !text.includes("401"))).toEqual([]);
  });

  test("says that the server is gone, and goes on when it is back", async () => {
    await using server = await startConsole();
    await using opened = await openPage(server);
    const { page } = opened;
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    using client = await connect(server.port);
    const port = String(server.server.console.port);
    await client.text("CONFIG", "SET", "console-port", "0");
    await client.text("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor();
    await client.text("CONFIG", "SET", "console-port", port);
    await page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor({ state: "detached" });
  });
});
