import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

/** A page has a hundred keys, or a few more that lie beside the last one. */
const FIRST_PAGE = /^1–10\d$/;

describeWithBrowser("the console's tree of keys", () => {
  test("is walked through by keyboard alone: opened in place, a key shown, and back", async () => {
    await using opened = await openConsole();
    const { page, problems, server } = opened;
    using client = await connect(server.port);
    for (let index = 1; index <= 9; index++) await client.text("SET", `user:${index}:name`, `Ada ${index}`);
    await client.text("SET", "user:total", "30", "EX", "3000");
    await client.text("HSET", "config", "mode", "fast");
    await client.text("SET", Buffer.from([0x62, 0x69, 0x6e, 0x3a, 0xff, 0x00, 0x3f]), "odd");
    await page.goto(`${opened.origin}/#/keys`);
    const tree = page.getByRole("tree", { name: "Keys of database 0" });
    await tree.getByRole("treeitem", { name: /^user:, 10 keys, / }).waitFor();
    await page.getByText("12 keys, ").waitFor();
    await tree.focus();
    // Typed letters lead to a name, the arrow to the right opens it.
    await page.keyboard.type("us");
    await page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: /^1:, 1 keys/ }).waitFor();
    await page.keyboard.type("tot");
    await tree.getByRole("treeitem", { name: /^total, string, .*, expires in / }).waitFor();
    await page.keyboard.press("ArrowLeft");
    expect(await tree.getByRole("treeitem", { name: /^user:/ }).getAttribute("aria-expanded")).toBe("true");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: /^name, string/, selected: false }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Key user:1:name" }).getByText("Ada 1", { exact: true }).waitFor();
    expect(page.url()).toEndWith("#/keys?db=0&key=user%3A1%3Aname");
    await page.goBack();
    await page.getByRole("region", { name: "Key user:1:name" }).waitFor({ state: "detached" });
    await tree.focus();
    for (let step = 0; step < 4; step++) await page.keyboard.press("ArrowLeft");
    await tree.getByRole("treeitem", { name: /^total/ }).waitFor({ state: "detached" });
    // A name that is no text is shown, and found again by its address.
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: /^\\xff\\x00\?, string/ }).click();
    await page.getByText("odd", { exact: true }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 2, name: "bin:\\xff\\x00?" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("shows one branch, another separator, another database, and pages of a large level", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("DEBUG", "POPULATE", "450", "shop:item", "10");
    await client.text("SET", "a/b/c", "1");
    await client.text("SELECT", "4");
    await client.text("SET", "four", "1");
    await page.goto(`${origin}/#/keys?db=0&prefix=shop%3Aitem%3A`);
    const tree = page.getByRole("tree");
    await tree.getByRole("treeitem", { name: /^0, string/ }).waitFor();
    await tree.focus();
    await page.keyboard.press("End");
    await tree.getByRole("treeitem", { name: "Show more: 250 are left" }).waitFor();
    await page.keyboard.press("Enter");
    await tree.getByRole("treeitem", { name: "Show more: 250 are left" }).waitFor({ state: "detached" });
    await tree.getByRole("treeitem", { name: "Counting …" }).waitFor({ state: "detached" });
    await page.keyboard.press("End");
    await tree.getByRole("treeitem", { name: "Show more: 50 are left" }).waitFor();
    // Of the lines that are loaded only those are on the page that can be seen.
    expect(await tree.getByRole("treeitem").count()).toBeLessThan(80);
    await page.getByRole("link", { name: "All keys" }).click();
    await tree.getByRole("treeitem", { name: /^shop:, 450 keys/ }).waitFor();
    await page.getByLabel("Separator").fill("/");
    await page.getByLabel("Separator").press("Enter");
    await tree.getByRole("treeitem", { name: /^a\/, 1 keys/ }).waitFor();
    await page.getByRole("combobox", { name: /^Database/ }).selectOption({ label: "4: 1 keys" });
    await tree.getByRole("treeitem", { name: /^four, string/ }).waitFor();
    await page.goBack();
    await tree.getByRole("treeitem", { name: /^a\/, 1 keys/ }).waitFor();
    await page.reload();
    await tree.getByRole("treeitem", { name: /^a\/, 1 keys/ }).waitFor();
    expect(problems).toEqual([]);
  });

  test("finds keys by pattern, type and size, page by page", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("DEBUG", "POPULATE", "150", "cart", "10");
    await client.text("HSET", "cart:config", "mode", "x".repeat(3000));
    await client.text("SET", "other", "1");
    await page.goto(`${origin}/#/keys`);
    await page.getByRole("heading", { level: 1, name: "Keys" }).click();
    await page.keyboard.press("/");
    await page.keyboard.type("cart");
    await page.keyboard.press("Enter");
    const found = page.getByRole("region", { name: "Keys found" });
    await found.getByText(FIRST_PAGE).waitFor();
    await found.getByRole("button", { name: "Next" }).click();
    await found.getByText(/^10\d–151$/).waitFor();
    await found.getByText("Found 151 keys.").waitFor();
    await page.getByLabel("Type").selectOption("hash");
    await page.getByLabel("At least so large").fill("2k");
    await page.keyboard.press("Enter");
    await found.getByText("Found 1 keys.").waitFor();
    await found.getByRole("link", { name: "cart:config" }).click();
    await page.getByRole("heading", { level: 2, name: "cart:config" }).waitFor();
    await page.goBack();
    await page.goBack();
    await found.getByText(FIRST_PAGE).waitFor();
    await page.getByLabel("At most so large").fill("much");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "This is no size: much" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("deletes a branch only after it was counted, confirmed and waited for, and can be called off", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("DEBUG", "POPULATE", "1200", "old", "10");
    await client.text("SET", "kept", "1");
    await page.goto(`${origin}/#/keys`);
    const tree = page.getByRole("tree");
    await tree.getByRole("treeitem", { name: /^old:, 1,200 keys/ }).click();
    await page.getByRole("button", { name: "Delete the branch" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete keys" });
    await dialog.getByText(/^1,200 keys \([\d.]+ KiB\)$/).waitFor();
    const confirm = dialog.getByRole("button", { name: /^Delete 1,200 keys/ });
    expect(await confirm.isDisabled()).toBeTrue();
    await dialog.getByLabel("Type the number of keys").fill("1200");
    await confirm.click();
    const deletions = page.getByRole("region", { name: "Deletions" });
    await deletions.getByText(/It begins in \d+ s\./).waitFor();
    await deletions.getByRole("button", { name: "Call it off" }).click();
    await deletions.getByText("Deletions: 1 called off before anything was deleted").waitFor();
    expect(await client.text("DBSIZE")).toBe("1201");
    // Again, and now it is let go on.
    await client.text("CONFIG", "SET", "purge-delay", "0");
    await page.getByRole("button", { name: "Delete the branch" }).click();
    await dialog.getByLabel("Type the number of keys").fill("1,200");
    await confirm.click();
    await tree.getByRole("treeitem", { name: /^old:/ }).waitFor({ state: "detached" });
    await deletions.getByText("Deletions: 1 over, 1 called off before anything was deleted").click();
    await deletions.getByRole("cell", { name: "1,200 of 1,200" }).waitFor();
    expect(await client.text("DBSIZE")).toBe("1");
    expect(problems).toEqual([]);
  });

  test("adds keys of every type, and overwrites none", async () => {
    await using opened = await openConsole();
    const { page, problems, server, origin } = opened;
    using client = await connect(server.port);
    await client.text("SET", "there", "before");
    await page.goto(`${origin}/#/keys`);
    const dialog = page.getByRole("dialog", { name: "Add a key to database 0" });
    const add = async (name: string, type: string, fields: Readonly<Record<string, string>>): Promise<void> => {
      await page.getByRole("button", { name: "Add a key" }).click();
      await dialog.getByLabel("Key").fill(name);
      await dialog.getByLabel("Type").selectOption(type);
      for (const [label, text] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(text);
      await dialog.getByRole("button", { name: "Add" }).click();
    };
    await add("there", "string", { Value: "after" });
    await dialog.getByRole("alert").filter({ hasText: "There is a key there already." }).waitFor();
    await page.keyboard.press("Escape");
    expect(await client.text("GET", "there")).toBe("before");
    await add("new:h", "hash", { "First field": "f", "Its value": "v", "Expires after so many seconds (empty: never)": "100" });
    await page.getByRole("heading", { level: 2, name: "new:h" }).waitFor();
    await add("new:z", "zset", { "Score of the first member": "2.5", "First member": "m" });
    await page.getByRole("heading", { level: 2, name: "new:z" }).waitFor();
    await add("new:x", "stream", { "Fields, one a line: name=value (\\xNN and \\n stand for a byte)": "a=1\nb=\\x00=2" });
    await page.getByRole("heading", { level: 2, name: "new:x" }).waitFor();
    expect(Number(await client.text("TTL", "new:h"))).toBeGreaterThan(90);
    expect(await client.text("ZSCORE", "new:z", "m")).toBe("2.5");
    expect((await client.command("XRANGE", "new:x", "-", "+")).toString()).toEndWith("$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n\0=2\r\n");
    expect(problems).toEqual([]);
  });
});
