import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole, openPage } from "./browser.ts";

describeWithBrowser("the console's lists of keys", () => {
  test("Big keys shows the largest, and what each type takes", async () => {
    await using opened = await openConsole("#/big-keys");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.command("SELECT", "2");
    await client.command("SET", Buffer.from([0xff, 0x62]), "x".repeat(50_000));
    await client.command("RPUSH", "queue", ...Array.from({ length: 300 }, (_, index) => `job ${index}`));
    await client.command("EXPIRE", "queue", "5000");
    await page.getByText("The keys that take most memory").waitFor();
    await page.getByLabel("Database").fill("2");
    await page.getByRole("button", { name: "Look through all keys" }).click();
    const first = page.getByRole("table", { name: "The largest keys" }).getByRole("row").nth(1);
    await first.getByRole("link", { name: String.raw`\xffb` }).waitFor();
    expect(await first.getByRole("link").getAttribute("href")).toMatch(/^#\/keys\?db=2&key=/);
    expect(await page.getByRole("row", { name: /^queue/ }).innerText()).toMatch(/list.*300\s+1h 23m/s);
    expect(
      await page
        .getByRole("table", { name: "By type" })
        .getByRole("row", { name: /^string/ })
        .innerText(),
    ).toMatch(/1\s+50,000/);
    await page.getByLabel("Largest by").selectOption("elements");
    await page.getByLabel("Type").selectOption("list");
    await page.getByRole("button", { name: "Look through all keys" }).click();
    await page.getByText("Keys of database 2 that match: 1,").waitFor();
    await page.getByLabel("Database").fill("99");
    await page.getByRole("button", { name: "Look through all keys" }).click();
    await page.getByRole("alert").getByText("DB index is out of range").waitFor();
    expect(problems).toEqual([]);
  });

  test("Hot keys counts when told to, and says what the keys are", async () => {
    await using opened = await openConsole("#/hot-keys");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.command("HSET", "profile:7", "name", "Ada", "visits", "3");
    await page.getByText("The server counts nothing until then.").waitFor();
    await page.getByLabel("Commands looked at").selectOption("1");
    await page.getByText("To look at all commands costs").waitFor();
    await page.getByRole("button", { name: "Start counting" }).click();
    await page.getByText("counting", { exact: true }).waitFor();
    for (let index = 0; index < 90; index++) await client.command("HGET", "profile:7", "name");
    for (let index = 0; index < 10; index++) await client.command("GET", "other");
    const row = page.getByRole("row", { name: /^profile:7/ });
    await row.getByText("hash").waitFor();
    expect(await row.innerText()).toMatch(/(?:8|9)\d\.\d%/);
    expect(await row.innerText()).toMatch(/hash.*B\s+2\s+never/s);
    expect(await row.getByRole("link").getAttribute("href")).toBe("#/keys?db=0&key=profile%3A7");
    await page
      .getByRole("row", { name: /^other/ })
      .getByText("gone")
      .waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Forget these" }).click();
    await page.getByText("The server counts nothing until then.").waitFor();
    await client.command("SET", "motd", "hello");
    await page.getByRole("button", { name: "Start counting" }).click();
    await page.getByText("counting", { exact: true }).waitFor();
    await client.command("GET", "motd");
    await page.getByRole("link", { name: "motd" }).click();
    await page.getByRole("heading", { name: "motd" }).waitFor();
    expect(problems).toEqual([]);

    await client.command("ACL", "SETUSER", "default", "-replicant.hotkeys", "-replicant.bigkeys");
    await using denied = await openPage(server, "#/hot-keys");
    await denied.page
      .getByRole("alert")
      .getByText(/default may not do that: NOPERM/)
      .waitFor();
    expect(denied.problems).toEqual([]);
  });
});
