import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole, openPage } from "./browser.ts";
import { startConsole } from "./server.ts";

const ORDER = '{"id":9007199254740993,"items":["a","b"],"paid":false}';

describeWithBrowser("the console's view of a value", () => {
  test("unpacks gzip, lays out JSON, and packs it again with every digit of its numbers; names bits and HyperLogLogs", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("SET", "order", Bun.gzipSync(ORDER), "PX", "900000");
    await page.goto(`${origin}/#/keys?key=order`);
    await page.getByText(/^gzip → JSON, 54 B/).waitFor();
    await page.getByText('"id": 9007199254740993').waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    const text = page.getByLabel("Value of order as JSON in gzip");
    await text.fill((await text.inputValue()).replace("false", "tru"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").filter({ hasText: "This is no JSON" }).waitFor();
    await text.fill((await text.inputValue()).replace("tru", "true"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText('"paid": true').waitFor();
    const stored = await client.command("GET", "order");
    const packed = stored.subarray(stored.indexOf("\r\n") + 2, -2);
    expect(Buffer.from(Bun.gunzipSync(Uint8Array.from(packed))).toString()).toBe(ORDER.replace("false", "true"));
    expect(Number(await client.text("PTTL", "order"))).toBeGreaterThan(800_000);
    await page.getByLabel("Unpacked").selectOption("As stored");
    await page.getByText(/^00000000 {2}1f 8b 08/).waitFor();
    await client.text("SETBIT", "flags", "79", "1");
    await client.command("PFADD", "seen", "a", "b");
    await client.text("PFCOUNT", "seen");
    await page.goto(`${origin}/#/keys?key=flags`);
    await page.getByLabel("Form").selectOption("Bits");
    await page.getByText("1 of 80 bits are set").waitFor();
    await page.goto(`${origin}/#/keys?key=seen`);
    await page.getByText("A HyperLogLog of about 2 different elements.").waitFor();
    expect(problems).toEqual([]);
  });

  test("overwrites nothing newer: both are shown, and the person decides", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("SET", "motd", "first");
    await page.goto(`${origin}/#/keys?key=motd`);
    const edit = async (text: string): Promise<void> => {
      await page.getByRole("button", { name: "Edit" }).click();
      await page.getByLabel("Value of motd as Text").fill(text);
    };
    await edit("mine");
    await client.text("SET", "motd", "theirs");
    await page.getByRole("button", { name: "Save" }).click();
    const dialog = page.getByRole("dialog", { name: "It has been changed meanwhile" });
    await dialog.getByRole("region", { name: "What it is now" }).getByText("theirs").waitFor();
    await dialog.getByRole("region", { name: "What you typed" }).getByText("mine").waitFor();
    await dialog.getByRole("button", { name: "Leave it as it is" }).click();
    expect(await client.text("GET", "motd")).toBe("theirs");
    // What was typed is still there; saved again it meets the same, and is insisted on.
    await page.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("button", { name: "Overwrite it with mine" }).click();
    await page.getByRole("button", { name: "Edit" }).waitFor();
    expect(await client.text("GET", "motd")).toBe("mine");
    // Of a key that is only looked at again nothing is lost either.
    await edit("last");
    await client.text("SET", "motd", "newer");
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("newer").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await client.text("GET", "motd")).toBe("newer");
    // Deleting what has changed is asked about as well.
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Delete …" }).click();
    await client.text("SET", "motd", "newest");
    await page.getByRole("dialog", { name: "Delete motd?" }).getByRole("button", { name: "Delete" }).click();
    await dialog.getByRole("button", { name: "Do it all the same" }).click();
    await page.getByRole("heading", { level: 2, name: "motd", exact: true }).waitFor({ state: "detached" });
    expect(await client.text("EXISTS", "motd")).toBe("0");
    expect(problems).toEqual([]);
  });

  test("changes a field of a hash while others change other fields, and keeps its expiry", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("HSET", "user", "name", "Ada", "mail", "ada@example.com", "visits", "1");
    await client.command("HEXPIRE", "user", "5000", "FIELDS", "1", "mail");
    await page.goto(`${origin}/#/keys?key=user`);
    await page.getByRole("button", { name: "Open: mail" }).click();
    const dialog = page.getByRole("dialog", { name: "Field mail" });
    await dialog.getByRole("button", { name: "Edit" }).click();
    await dialog.getByLabel("Field mail as Text").fill("countess@example.com");
    await client.text("HINCRBY", "user", "visits", "1");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("cell", { name: "countess@example.com" }).waitFor();
    expect(await client.text("HGET", "user", "visits")).toBe("2");
    expect((await client.command("HTTL", "user", "FIELDS", "1", "mail")).toString()).toMatch(/:4[89]\d\d\r\n|:5000\r\n/);
    await page.getByRole("button", { name: "Remove: name" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("cell", { name: "Ada", exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Add a field" }).click();
    const adding = page.getByRole("dialog", { name: "Add a field" });
    await adding.getByLabel("Field", { exact: true }).fill("bin");
    await adding.getByLabel("Value", { exact: true }).fill("\\x00\\xff");
    await adding.getByRole("checkbox").nth(1).check();
    await adding.getByRole("button", { name: "Add" }).click();
    await page.getByRole("cell", { name: "\\x00\\xff" }).waitFor();
    expect([...(await client.command("HGET", "user", "bin"))].slice(4, 6)).toEqual([0, 255]);
    expect(problems).toEqual([]);
  });

  test("shows and changes lists, sets and sorted sets", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    for (let index = 0; index < 250; index++) await client.text("RPUSH", "queue", `job ${index}`);
    await client.text("SADD", "tags", "red", "green");
    for (let index = 0; index < 150; index++) await client.text("ZADD", "board", String(index * 2), `player ${index}`);
    await page.goto(`${origin}/#/keys?key=queue`);
    await page.getByLabel("From index").fill("-1");
    await page.getByLabel("From index").press("Enter");
    await page.getByRole("button", { name: "Remove: element 249" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("of 249", { exact: false }).waitFor();
    expect(await client.text("LINDEX", "queue", "-1")).toBe("job 248");
    await page.goto(`${origin}/#/keys?key=tags`);
    await page.getByRole("button", { name: "Open: red" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Member as Text").fill("blue");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("cell", { name: "blue", exact: true }).waitFor();
    expect((await client.text("SISMEMBER", "tags", "red")) + (await client.text("SISMEMBER", "tags", "blue"))).toBe("01");
    await page.goto(`${origin}/#/keys?key=board`);
    await page.getByText("1–100 of 150").waitFor();
    await page.getByLabel("Shown").selectOption("Scores between");
    await page.getByLabel(/^Lowest score/).fill("(10");
    await page.getByLabel(/^Highest score/).fill("14");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("1–2 of 2").waitFor();
    await page.getByRole("button", { name: "Score: player 7" }).click();
    await page.getByRole("dialog").getByLabel("Score").fill("12.5");
    await page.getByRole("dialog").getByRole("button", { name: "Set" }).click();
    await page.getByRole("cell", { name: "12.5" }).waitFor();
    expect(await client.text("ZSCORE", "board", "player 7")).toBe("12.5");
    expect(problems).toEqual([]);
  });

  test("shows a stream with its groups, and acknowledges and claims what is pending", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    for (let index = 1; index <= 60; index++) await client.text("XADD", "events", `${index}-0`, "kind", `k${index}`);
    await page.goto(`${origin}/#/keys?key=events`);
    await page.getByRole("cell", { name: "60-0", exact: true }).waitFor();
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await page.getByRole("cell", { name: "1-0", exact: true }).waitFor();
    await page.getByRole("button", { name: "Create a group" }).click();
    await page.getByRole("dialog").getByLabel("Group").fill("billing");
    await page
      .getByRole("dialog")
      .getByLabel(/^It reads entries after/)
      .fill("0");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await page.getByRole("button", { name: "billing", exact: true }).waitFor();
    await client.command("XREADGROUP", "GROUP", "billing", "ann", "COUNT", "2", "STREAMS", "events", ">");
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("button", { name: "billing", exact: true }).click();
    await page.getByRole("button", { name: "Acknowledge: 1-0" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("button", { name: "Acknowledge: 1-0" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Claim: 2-0" }).click();
    await page.getByRole("dialog").getByLabel("For the consumer").fill("bob");
    await page.getByRole("dialog").getByRole("button", { name: "Claim" }).click();
    await page.getByText("1 pending, seen").waitFor();
    expect((await client.command("XPENDING", "events", "billing", "-", "+", "9")).toString()).toContain("2-0\r\n$3\r\nbob");
    await page.getByRole("button", { name: "Add an entry" }).click();
    await page
      .getByRole("dialog")
      .getByLabel(/^Fields/)
      .fill("kind=last\nnote=a=b");
    await page.getByRole("dialog").getByLabel(/^ID/).fill("70-1");
    await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await page.getByText("Added 70-1.").waitFor();
    expect(await client.text("XLEN", "events")).toBe("61");
    expect(problems).toEqual([]);
  });

  test("says why nothing can be changed, to a user who may only read and on a replica", async () => {
    await using server = await startConsole({ requirepass: "secret" });
    using client = await connect(server.port);
    await client.text("AUTH", "secret");
    await client.text("SET", "greeting", "hello");
    await client.text(
      "ACL",
      "SETUSER",
      "reader",
      "on",
      ">pass",
      "~*",
      "+@read",
      "+@connection",
      "+@transaction",
      "+info",
      "+replicant.tree",
    );
    await using opened = await openPage(server, "#/keys?key=greeting");
    const { page, problems } = opened;
    await page.getByLabel("User").fill("reader");
    await page.getByLabel("Password").fill("pass");
    await page.keyboard.press("Enter");
    await page.getByText(/^You may look, but not change this: NOPERM/).waitFor();
    await page.getByText("hello", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Edit" }).isDisabled()).toBeTrue();
    expect(await page.getByRole("button", { name: "Edit" }).getAttribute("title")).toContain("NOPERM");
    await page.getByRole("button", { name: "Leave" }).click();
    await client.text("REPLICAOF", "127.0.0.1", "1");
    await page.getByLabel("User").fill("default");
    await page.getByLabel("Password").fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText(/^This server is a replica and takes no writes/).waitFor();
    expect(await page.getByRole("button", { name: "Delete …" }).isDisabled()).toBeTrue();
    expect(problems.filter((text) => !text.includes("401"))).toEqual([]);
  });

  test("shows values to users who may write but not use transactions, and changes none of them in trying", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("SET", "order", ORDER);
    await client.text("RPUSH", "queue", "one");
    await client.text("ACL", "SETUSER", "admin", "on", ">secret", "~*", "+@all");
    await client.text("AUTH", "admin", "secret");
    for (const refused of ["multi", "discard", "watch"]) {
      await client.text("ACL", "SETUSER", "default", "-@all", "+@read", "+@write", "+@transaction", `-${refused}`);
      await page.goto(`${origin}/#/keys`);
      await page.getByRole("heading", { name: "Keys" }).waitFor();
      await page.goto(`${origin}/#/keys?key=order`);
      await page
        .getByText(`You may look, but not change this: NOPERM User default has no permissions to run the '${refused}' command`)
        .waitFor();
      await page.getByText('"id": 9007199254740993').waitFor();
      await page.goto(`${origin}/#/keys?key=queue`);
      await page.getByText("one", { exact: true }).waitFor();
    }
    expect(await client.text("GET", "order")).toBe(ORDER);
    expect(await client.text("LLEN", "queue")).toBe("1");
    expect(problems).toEqual([]);
  });
});
