/** A shop's server looked into: typed commands, requests as they come, what takes memory and time, what is on disk. */

import type { Page } from "playwright-core";
import type { Scene } from "./scene.ts";

type Send = Parameters<Scene["fill"]>[0];

let send: Send = () => Promise.resolve();

/** Fills the server, and keeps the way to it for what happens while the page is looked at. */
async function fill(client: Send): Promise<void> {
  send = client;
  for (let index = 1; index <= 300; index++) {
    await send("HSET", `user:${1000 + index}`, "name", `customer ${index}`, "orders", index % 23);
    if (index % 2 === 0)
      await send("SET", `session:web:${(index * 7919).toString(16)}`, "x".repeat(40 + (index % 80)), "EX", 600 + index * 7);
    if (index % 5 === 0) await send("RPUSH", `cart:${1000 + index}`, "lamp-desk", "bulb-e27", "frame-a4");
    await send("ZADD", "ranking:sold", (index * 37) % 1000, `article ${index}`);
    await send("RPUSH", "queue:mail", `{"to":"customer ${index}","template":"shipped"}`);
    await send("XADD", "events:orders", `${1_790_000_000_000 + index * 61_000}-0`, "kind", "placed", "order", 19_000 + index);
  }
  await send("SET", "stock:lamp-desk", 118);
}

/** Requests as a shop has them. */
async function trade(rounds: number): Promise<void> {
  for (let index = 0; index < rounds; index++) {
    await send("GET", "stock:lamp-desk");
    await send("HGETALL", `user:${1001 + (index % 7)}`);
    if (index % 2 === 0) await send("DECR", "stock:lamp-desk");
    if (index % 3 === 0) await send("ZINCRBY", "ranking:sold", 1, `article ${1 + (index % 4)}`);
    if (index % 5 === 0) await send("LPOP", "queue:mail");
  }
}

/** Closes the notes of what was done. */
async function closeNotes(page: Page): Promise<void> {
  const buttons = page.locator(".toasts").getByRole("button", { name: "Close" });
  while ((await buttons.count()) > 0) await buttons.first().click();
}

async function type(page: Page, line: string): Promise<void> {
  const input = page.getByRole("combobox", { name: "Command" });
  await input.fill(line);
  await input.press("Enter");
  await page.getByText("waiting …").waitFor({ state: "detached" });
}

const COMMAND_LINE: Scene = {
  name: "command-line",
  hash: "#/command-line",
  fill,
  act: async (page) => {
    await page.getByText("Type a command.").waitFor();
    await type(page, "HGETALL user:1042");
    await type(page, "MULTI");
    await type(page, "DECR stock:lamp-desk");
    await type(page, "ZRANGE ranking:sold 0 1 REV WITHSCORES");
    await type(page, "EXEC");
    await type(page, "INCR user:1042");
    await page.getByRole("combobox", { name: "Command" }).fill("ZRANGE ranking:sold 0 ");
    await page.getByRole("complementary").getByRole("heading", { name: "ZRANGE" }).waitFor();
  },
};

const MONITOR: Scene = {
  name: "monitor",
  hash: "#/monitor",
  fill,
  act: async (page) => {
    await page.getByRole("button", { name: "Start …" }).click();
    await page.getByRole("button", { name: "Start MONITOR" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await trade(40);
    await page.getByLabel("Text in the request").fill("stock");
    await page.getByRole("row", { name: "DECR" }).first().waitFor();
  },
};

const HOT_KEYS: Scene = {
  name: "hot-keys",
  hash: "#/hot-keys",
  fill,
  act: async (page) => {
    await page.getByLabel("Commands looked at").selectOption("1");
    await page.getByRole("button", { name: "Start counting" }).click();
    await page.getByText("counting", { exact: true }).waitFor();
    await trade(200);
    await page.getByRole("row", { name: /^stock:lamp-desk.*string/ }).waitFor();
    await page.getByRole("row", { name: /^queue:mail.*list/ }).waitFor();
    await closeNotes(page);
  },
};

const BIG_KEYS: Scene = {
  name: "big-keys",
  hash: "#/big-keys",
  fill,
  act: async (page) => {
    await page.getByRole("button", { name: "Look through all keys" }).click();
    await page.getByRole("row", { name: /^queue:mail/ }).waitFor();
  },
};

const SNAPSHOTS: Scene = {
  name: "snapshots",
  hash: "#/snapshots",
  directives: { appendonly: "yes" },
  fill,
  act: async (page) => {
    await page.getByRole("button", { name: "SAVE …" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "SAVE" }).click();
    await page.getByRole("row", { name: /^dump\.rdb/ }).waitFor();
    await send("CONFIG", "SET", "rdb-key-save-delay", 20_000);
    await page.getByRole("button", { name: "Save in the background" }).click();
    await page.getByText(/Saving in the background/).waitFor();
    await page.getByText(/\d\d% \(/).waitFor();
    await closeNotes(page);
  },
};

export const TOOLS: readonly Scene[] = [COMMAND_LINE, MONITOR, HOT_KEYS, BIG_KEYS, SNAPSHOTS];
