import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

  test("shows a user who may only look what the docs say, and refuses nothing that its views ask for", async () => {
    const docs = readFileSync(join(import.meta.dir, "../../docs/console.md"), "utf8");
    const [, rules = ""] = /^ACL SETUSER watcher (.*)$/m.exec(docs) ?? [];
    await using server = await startConsole({ requirepass: "other" });
    using client = await connect(server.port);
    await client.text("AUTH", "other");
    await client.text("SET", "shown", "its value");
    await client.text("ACL", "SETUSER", "watcher", ...rules.split(" "));
    await using opened = await openPage(server);
    const { page } = opened;
    await page.getByLabel("User").fill("watcher");
    await page.getByLabel("Password").fill("secret");
    await page.keyboard.press("Enter");
    // Each view, and what it shows once it has been answered.
    for (const [view, shown] of [
      ["overview", page.getByRole("img", { name: /^Requests/ })],
      ["keys", page.getByRole("treeitem", { name: /^shown, string/ })],
      ["keys?db=0&key=shown", page.getByText("its value")],
      ["replication", page.getByText(/backlog/i).first()],
      ["changes", page.getByRole("heading", { level: 1, name: "Changes" })],
      ["slow-log", page.getByText(/^No request has|^Took$/).first()],
      ["latency", page.getByText("Nothing is logged.")],
      ["hot-keys", page.getByRole("heading", { level: 1, name: "Hot keys" })],
      ["big-keys", page.getByRole("heading", { level: 1, name: "Big keys" })],
      ["command-line", page.getByRole("heading", { level: 1, name: "Command line" })],
    ] as const) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
      await shown.waitFor();
      expect([view, await page.getByRole("alert").allInnerTexts()]).toEqual([view, []]);
    }
    const denied = [...(await client.command("ACL", "LOG")).toString().matchAll(/object\r\n\$\d+\r\n([^\r]*)/g)].map(
      ([, object]) => object,
    );
    // Writes are queued and discarded, to find out whether keys can be changed; the threshold of a log is not for everyone.
    expect(denied.filter((object) => !["set", "unlink", "config|get"].includes(object ?? ""))).toEqual([]);
  });
});
