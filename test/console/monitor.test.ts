import { expect, test } from "bun:test";
import { MonitorBuffer, monitorLine } from "../../src/console/page/views/monitor/monitor-line.ts";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

test("lines of MONITOR are read, kept up to a number, and filtered", () => {
  expect(monitorLine(7, '1700000000.123456 [3 [::1]:1234] "SET" "a [0 x] b" "c"')).toEqual({
    id: 7,
    time: 1700000000.123456,
    database: 3,
    client: "[::1]:1234",
    request: '"SET" "a [0 x] b" "c"',
  });
  expect(monitorLine(0, '1.000001 [0 lua] "GET" "a"')).toMatchObject({ client: "lua", request: '"GET" "a"' });
  expect(monitorLine(0, "something else").database).toBe(-1);
  const buffer = new MonitorBuffer(3);
  for (let number = 0; number < 5; number++) buffer.add(`1.0 [${number % 2} 1.2.3.4:${number}] "GET" "k${number}"`);
  const shown = (filter: object, most = 10): string[] =>
    buffer.newest({ text: "", client: "", database: null, ...filter }, most).map(({ request }) => request.slice(7, -1));
  expect([buffer.count, buffer.dropped]).toEqual([5, 2]);
  expect(shown({})).toEqual(["k4", "k3", "k2"]);
  expect(shown({}, 1)).toEqual(["k4"]);
  expect(shown({ database: 0 })).toEqual(["k4", "k2"]);
  expect(shown({ client: ":3" })).toEqual(["k3"]);
  expect(shown({ text: 'get" "K2' })).toEqual(["k2"]);
});

describeWithBrowser("the console's monitor", () => {
  test("says what it costs, shows requests as they come, filters, pauses and stops", async () => {
    await using opened = await openConsole("#/monitor");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await page.getByText("appears here, the newest first").waitFor();
    await page.getByRole("button", { name: "Start …" }).click();
    await page.getByRole("dialog").getByText("That costs it throughput").waitFor();
    expect((await client.command("INFO", "clients")).toString()).toContain("connected_clients");
    expect((await client.command("CLIENT", "LIST")).toString()).not.toContain("cmd=monitor");
    await page.getByRole("button", { name: "Start MONITOR" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await client.command("SET", "first", "one");
    await client.command("SELECT", "5");
    await client.command("SET", Buffer.from([0xff]), "two");
    const rows = page.getByRole("row").filter({ hasText: '"SET"' });
    await page.getByRole("row", { name: String.raw`"SET" "\xff" "two"` }).waitFor();
    expect((await rows.allInnerTexts()).map((text) => text.split(/\s/).at(-1))).toEqual(['"two"', '"one"']);
    await page.getByLabel("Database").fill("5");
    await page.getByRole("row", { name: "first" }).waitFor({ state: "detached" });
    await page.getByLabel("Database").fill("");
    await page.keyboard.press("Tab");
    await page.getByLabel("Text in the request").fill("nothing has this");
    await page.getByText("Nothing that is kept passes these filters.").waitFor();
    await page.getByLabel("Text in the request").fill("");
    await page.getByRole("button", { name: "Pause" }).click();
    await client.command("SET", "third", "three");
    await page.getByText("paused, they still come").waitFor();
    expect(await page.getByRole("row", { name: "third" }).count()).toBe(0);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("row", { name: "third" }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start …" }).waitFor();
    while ((await client.command("CLIENT", "LIST")).toString().includes("cmd=monitor"));
    expect(problems).toEqual([]);
  });
});
