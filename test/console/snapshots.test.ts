import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole, openPage } from "./browser.ts";

describeWithBrowser("the console's snapshots", () => {
  test("saves, shows how far it is, and gives files and an image", async () => {
    await using opened = await openConsole("#/snapshots", {}, { acceptDownloads: true });
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await page.getByText(/^Nothing has been saved in/).waitFor();
    await client.command("MSET", ...Array.from({ length: 400 }, (_, index) => `k${index}`));
    await page.getByRole("button", { name: "SAVE …" }).click();
    await page.getByRole("dialog").getByText("The server answers no client until it is done").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "SAVE" }).click();
    const row = page.getByRole("row", { name: /^dump\.rdb snapshot/ });
    await row.waitFor();
    const download = page.waitForEvent("download");
    await row.getByRole("link", { name: "dump.rdb" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("dump.rdb");
    expect(readFileSync(await file.path()).toString("latin1", 0, 5)).toBe("REDIS");
    await page.getByRole("button", { name: "Download an image of now …" }).click();
    await page.getByText("every key and value in the clear", { exact: false }).waitFor();
    const image = page.waitForEvent("download");
    await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
    expect((await image).suggestedFilename()).toMatch(/^dump-\d{4}-.*\.rdb$/);
    expect(readFileSync(await (await image).path()).toString("latin1", 0, 5)).toBe("REDIS");
    await client.command("CONFIG", "SET", "rdb-key-save-delay", "20000");
    await page.getByRole("button", { name: "Save in the background" }).click();
    await page.getByRole("progressbar", { name: "Saving in the background" }).waitFor();
    await page.getByText(/\d+% \(\d+ of 200 keys/).waitFor();
    await client.command("CONFIG", "SET", "rdb-key-save-delay", "0");
    await page.getByRole("progressbar").waitFor({ state: "detached" });
    await page
      .getByText(/^succeeded, in/)
      .first()
      .waitFor();
    await client.command("CONFIG", "SET", "appendonly", "yes");
    await page.getByText("on: each change is written down").waitFor();
    await page.getByRole("button", { name: "Rewrite the append-only file" }).click();
    await page.getByRole("row", { name: /appendonly\.aof\.2\.base\.rdb/ }).waitFor();
    expect(problems).toEqual([]);
  });

  test("say how far a save is where REPLICANT.PROGRESS may not be asked", async () => {
    await using opened = await openConsole("#/snapshots");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.command("MSET", ...Array.from({ length: 400 }, (_, index) => `k${index}`));
    await client.command("ACL", "SETUSER", "default", "-replicant.progress");
    await client.command("CONFIG", "SET", "rdb-key-save-delay", "20000");
    await client.command("BGSAVE");
    await page.getByText(/\d+% \(\d+ of 200 keys\), [\d.]+ keys\/s/).waitFor();
    await client.command("CONFIG", "SET", "rdb-key-save-delay", "0");
    await page.getByRole("progressbar").waitFor({ state: "detached" });
    expect(problems).toEqual([]);
  });

  test("say who may not have the data", async () => {
    await using opened = await openConsole("#/snapshots");
    const { server } = opened;
    using client = await connect(server.port);
    await client.command("ACL", "SETUSER", "default", "-sync");
    await using denied = await openPage(server, "#/snapshots");
    await denied.page.getByText("All the data goes to users who may send SYNC and read every key; default may not.").waitFor();
    expect(await denied.page.getByRole("button", { name: "Download an image of now …" }).isDisabled()).toBe(true);
    // The browser notes the refusal of the list by itself.
    expect(denied.problems.filter((problem) => !problem.includes("403"))).toEqual([]);
  });
});
