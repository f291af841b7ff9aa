import { describe, expect, test } from "bun:test";
import type { ShownValue } from "../../src/console/page/views/changes/shown-value.ts";
import { Versions } from "../../src/console/page/views/changes/versions.ts";
import { connect } from "../support/client.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

const NONE: ShownValue = { type: "none", expires: null, lines: [], rest: 0 };

function value(text: string): ShownValue {
  return { type: "string", expires: null, lines: [text], rest: 0 };
}

describe("before and after", () => {
  test("are values that were read with no other change between", () => {
    const versions = new Versions();
    versions.read("0 a", 10, value("first"));
    versions.changed("0 a", 20);
    versions.read("0 a", 25, value("second"));
    versions.changed("0 a", 30);
    versions.changed("0 a", 40);
    versions.read("0 a", 45, value("fourth"));
    expect(versions.of("0 a", 20)).toEqual({ before: value("first"), after: value("second") });
    expect(versions.of("0 a", 30)).toEqual({ before: value("second"), after: null });
    expect(versions.of("0 a", 40)).toEqual({ before: null, after: value("fourth") });
    versions.flushed(50, false);
    versions.changed("0 a", 60);
    expect(versions.of("0 a", 60)).toEqual({ before: null, after: null });
  });

  test("are not known across changes that were left out", () => {
    const versions = new Versions();
    versions.changed("0 a", 10);
    versions.missed(12, 30);
    for (const offset of [11, 20, 35]) versions.read("0 a", offset, value(`at ${offset}`));
    versions.changed("0 a", 40);
    versions.read("0 a", 45, value("at 45"));
    expect(versions.of("0 a", 10)).toEqual({ before: null, after: value("at 11") });
    expect(versions.of("0 a", 40)).toEqual({ before: value("at 35"), after: value("at 45") });
    versions.changed("0 b", 50);
    versions.missed(52, 60);
    versions.read("0 b", 55, value("between"));
    versions.changed("0 b", 70);
    expect(versions.of("0 b", 50).after).toBeNull();
    expect(versions.of("0 b", 70).before).toBeNull();
    versions.missed(Number.NaN, 5);
    expect(versions.of("0 a", 40)).toEqual({ before: null, after: null });
  });

  test("know of a key that was not there only when all keys were read", () => {
    const versions = new Versions();
    versions.changed("0 during", 15);
    versions.changed("0 new", 30);
    expect(versions.of("0 new", 30).before).toBeNull();
    versions.isComplete("0 ", 20);
    expect(versions.of("0 new", 30).before).toEqual(NONE);
    expect(versions.of("0 during", 15).before).toBeNull();
    versions.changed("1 new", 35);
    expect(versions.of("1 new", 35).before).toBeNull();
    versions.flushed(40, true);
    expect(versions.of("0 new", 30).before).toBeNull();
  });
});

describeWithBrowser("the console's feed of changes", () => {
  test("shows what is written, pauses without losing, and goes on after the link broke", async () => {
    await using opened = await openConsole("#/changes?keys=user:*");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await page.getByText("live", { exact: true }).waitFor();
    const row = (text: RegExp) => page.getByRole("table", { name: "Changes, the newest first" }).getByRole("row", { name: text });
    await client.text("SET", "user:\u00ff\u0000", "Ada Lovelace", "EX", "100");
    await client.text("SET", "other", "1");
    await client.text("MULTI");
    await client.text("SADD", "user:set", "x");
    await client.text("SADD", "user:set", "y");
    await client.command("EXEC");
    await row(/SADD user:set x in a transaction/).waitFor();
    await row(/SET .*"Ada Lovelace" PXAT/).waitFor();
    expect(await row(/other/).count()).toBe(0);
    expect(await page.getByRole("link", { name: "user:ÿ\\x00" }).getAttribute("href")).toBe("#/keys?db=0&key=user%3A%C3%BF%5Cx00");

    await page.getByRole("button", { name: "Pause" }).click();
    await client.text("SET", "user:later", "1");
    await page.getByText("1 wait (up to 10,000)").waitFor();
    expect(await row(/user:later/).count()).toBe(0);
    await page.getByRole("button", { name: "Continue" }).click();
    await row(/SET user:later 1/).waitFor();

    const port = String(server.server.console.port);
    await client.text("CONFIG", "SET", "console-port", "0");
    await client.text("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await page.getByText("The feed goes on where it was").waitFor();
    await client.text("SET", "user:unseen", "1");
    await client.text("CONFIG", "SET", "console-port", port);
    await row(/SET user:unseen 1/).waitFor();
    expect(await row(/SET user:later 1/).count()).toBe(1);
    await page.keyboard.press("/");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("*");
    await page.keyboard.press("Enter");
    await client.text("FLUSHALL");
    await row(/all no single key – FLUSHALL/).waitFor();
    expect(problems.filter((text) => !/WebSocket|ERR_CONNECTION_REFUSED/.test(text))).toEqual([]);
  });

  test("shows what keys held before and after", async () => {
    await using opened = await openConsole("#/configuration");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await client.text("HSET", "h", "name", "Ada", "visits", "1");
    await page.evaluate("location.hash = '#/changes?values=yes'");
    await page.getByText("live", { exact: true }).waitFor();
    const side = (name: string) => page.getByRole("region", { name });
    await page.getByText("1 keys were read to begin with").waitFor();
    await client.text("HSET", "h", "visits", "2");
    await side("After").getByText("new: visits: 2").waitFor();
    await client.text("DEL", "h");
    await side("After").first().getByText("There was no such key.").waitFor();
    await side("Before").first().getByText("visits: 2").waitFor();
    expect(problems).toEqual([]);
  });

  test("says why there is none", async () => {
    await using opened = await openConsole("#/configuration");
    const { page, server, problems } = opened;
    using client = await connect(server.port);
    await page.getByRole("row").nth(10).waitFor();
    await client.text("ACL", "SETUSER", "default", "-replicant.changes");
    await page.getByRole("link", { name: "Changes" }).click();
    await page.getByRole("alert").filter({ hasText: "default may not do that: NOPERM" }).waitFor();
    await client.text("ACL", "SETUSER", "default", "+replicant.changes");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("live", { exact: true }).waitFor();
    expect(problems).toEqual([]);
  });
});
