import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

describeWithBrowser("the console's configuration", () => {
  test("shows every directive with its help, changes one, and says what the server refuses", async () => {
    await using opened = await openConsole("#/configuration", { timeout: "17" });
    const { page, server, problems } = opened;
    await page.getByRole("row").nth(100).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("idle client");
    const row = page.getByRole("row", { name: /timeout/ });
    await row.getByText("17", { exact: true }).waitFor();
    expect(await row.innerText()).toContain("Seconds after which an idle client is disconnected");
    expect(await row.innerText()).toContain("default 0");
    await page.getByRole("button", { name: "Change timeout" }).click();
    const value = page.getByRole("dialog").getByLabel("Value");
    await value.fill("-1");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("alert").filter({ hasText: "argument must be between" }).waitFor();
    await value.fill("23");
    await page.keyboard.press("Enter");
    await row.getByText("23", { exact: true }).waitFor();
    using client = await connect(server.port);
    expect((await client.command("CONFIG", "GET", "timeout")).toString()).toBe("*2\r\n$7\r\ntimeout\r\n$2\r\n23\r\n");
    await page.getByRole("button", { name: "Write to the file" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Write" }).click();
    await page.getByRole("dialog").getByRole("alert").filter({ hasText: "running without a config file" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("tells users who may not see it", async () => {
    await using opened = await openConsole("#/configuration");
    const { page, server } = opened;
    using client = await connect(server.port);
    await page.getByRole("row").nth(10).waitFor();
    await client.text("ACL", "SETUSER", "default", "-replicant.directives");
    await page.reload();
    await page.getByRole("alert").filter({ hasText: "default may not do that: NOPERM" }).waitFor();
  });
});
