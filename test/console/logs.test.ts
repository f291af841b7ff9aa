import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

describeWithBrowser("the console's logs", () => {
  test("show slow and large requests, sorted, byte for byte, and are emptied once confirmed", async () => {
    await using opened = await openConsole("#/slow-log", {
      "commandlog-request-larger-than": "10",
      "slowlog-log-slower-than": "150000",
    });
    const { page, server, problems } = opened;
    await page.getByText("No request has taken that long.").waitFor();
    expect(await page.getByText("Requests of 150.00 ms or more are logged").count()).toBe(1);
    using client = await connect(server.port);
    await client.text("CLIENT", "SETNAME", "loader");
    await client.text("DEBUG", "SLEEP", "0.2");
    await client.text("SET", Buffer.from([0xff, 0x00, 0x61]), "two words");
    await page.getByRole("row", { name: /DEBUG SLEEP 0\.2.*loader/ }).waitFor();
    await page.getByRole("tab", { name: "Slow" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("row", { name: /SET \\xff\\x00a "two words"/ }).waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("row", { name: /DEBUG SLEEP/ }).waitFor();
    await page.getByRole("button", { name: "Empty this log" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Empty it" }).click();
    await page.getByText("No request has taken that long.").waitFor();
    expect(problems).toEqual([]);
  });

  test("show how long commands take, and what the latency monitor noted", async () => {
    await using opened = await openConsole("#/latency");
    const { page, server, problems } = opened;
    await page.getByRole("button", { name: "Log what takes 100 ms or more" }).click();
    await page.getByText("Nothing has taken 100 ms or longer.").waitFor();
    using client = await connect(server.port);
    await client.text("DEBUG", "SLEEP", "0.11");
    await page.getByRole("button", { name: "command", exact: true }).click();
    await page.getByRole("img", { name: /^Event command: took 1\d\d ms$/ }).waitFor();
    const row = page.getByRole("row", { name: /^debug sleep|^debug / });
    expect(await row.first().innerText()).toMatch(/debug.*\s1\s/s);
    await page.getByRole("button", { name: "Ask LATENCY DOCTOR" }).click();
    await page.getByText("I have observed").or(page.getByText("command: 1 latency spikes")).first().waitFor();
    expect(problems).toEqual([]);
  });
});
