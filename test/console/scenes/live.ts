/** A shop that is busy: how it does, where its data go, what is written. */

import { createConnection } from "node:net";
import type { Page } from "playwright-core";
import { connect } from "../../support/client.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import type { Scene } from "./scene.ts";

type Send = Parameters<Scene["fill"]>[0];

/** What `act` goes on to send. */
let send: Send = () => Promise.resolve();

/** The server's own port, of CONFIG GET's reply. */
async function portOf(): Promise<string> {
  return /\d{4,5}(?=\r\n$)/.exec(String(await send("CONFIG", "GET", "port")))?.[0] ?? "";
}

async function fillShop(given: Send): Promise<void> {
  send = given;
  for (let index = 0; index < 3000; index++) await send("HSET", `user:${index}`, "name", `customer ${index}`, "orders", index % 23);
}

/** Requests that come and go for so many seconds. */
async function work(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let turn = 0; performance.now() < end; turn++) {
    const busy = 6 + Math.round(5 * Math.sin(turn / 90)) + (turn % 50 === 0 ? 12 : 0);
    const requests: Promise<unknown>[] = [];
    for (let index = 0; index < busy * 4; index++) {
      const who = (turn * 7919 + index * 104_729) % 4000;
      requests.push(send("HGET", `user:${who}`, "name"));
      if (index % 3 === 0) requests.push(send("SET", `session:${who}`, "x".repeat(200 + (who % 300)), "PX", 4000 + who));
      if (index % 8 === 0) requests.push(send("HINCRBY", `user:${who}`, "orders", 1));
    }
    await Promise.all(requests);
    await Bun.sleep(40);
  }
}

export const OVERVIEW: Scene = {
  name: "overview",
  hash: "#/overview",
  directives: { maxmemory: "24mb", "maxmemory-policy": "allkeys-lru", save: "3600 1" },
  height: 1180,
  fill: async (given) => {
    await fillShop(given);
    await send("BGSAVE");
  },
  act: async (page: Page) => {
    await page.getByLabel("Time shown").selectOption("1 minute");
    await work(64);
    await page.getByRole("img", { name: /^Requests a second: requests \d/ }).waitFor();
  },
};

let others: TestServer[] = [];
let endSlow: () => void = () => {};

/** A replica that takes its image slowly: what it is sent stays where it is. */
function slowReplica(port: number): () => void {
  const socket = createConnection(port, "127.0.0.1");
  socket.write("REPLCONF listening-port 6390\r\nPSYNC ? -1\r\n");
  socket.pause();
  return () => socket.destroy();
}

export const REPLICATION: Scene = {
  name: "replication",
  hash: "#/replication",
  directives: { "repl-diskless-sync-delay": "0" },
  height: 1500,
  fill: async (given) => {
    const master = await startServer({ "repl-diskless-sync-delay": "0" });
    others = [master];
    using client = await connect(master.port);
    for (let index = 0; index < 300; index++) await client.command("SET", `image:${index}`, crypto.getRandomValues(new Uint8Array(60_000)));
    send = given;
    await send("REPLICAOF", "127.0.0.1", master.port);
    const replicaof = `127.0.0.1 ${await portOf()}`;
    for (let count = 0; count < 2; count++) others.push(await startServer({ replicaof }));
  },
  act: async (page) => {
    await page
      .getByRole("row", { name: /our master/ })
      .filter({ hasText: "link up" })
      .waitFor();
    await page
      .getByRole("row", { name: /our replica online/ })
      .nth(1)
      .waitFor();
    using writer = await connect(others[0]?.port ?? 0);
    for (let index = 0; index < 900; index++) await writer.command("SET", `session:${index}`, "x".repeat(100));
    endSlow = slowReplica(Number(await portOf()));
    await page.getByRole("row", { name: /6390/ }).getByText(/%/).waitFor();
    await page.getByLabel("Port").fill(String(others[0]?.port));
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByText("the same", { exact: true }).waitFor();
  },
  end: async () => {
    endSlow();
    for (const one of others.reverse()) await one.stop();
  },
};

export const CHANGES: Scene = {
  name: "changes",
  hash: "#/changes?values=yes",
  height: 900,
  fill: async (given) => {
    send = given;
    await send("HSET", "user:1187", "name", "Ada Lovelace", "orders", "11", "since", "2021");
    await send("ZADD", "ranking:sold", 12, "lamp-desk", 40, "bulb-e27", 7, "frame-a4");
    await send("SET", "stock:lamp-desk", 38);
  },
  act: async (page) => {
    await page.getByText("3 keys were read to begin with").waitFor();
    const after = async (text: string): Promise<void> => {
      await page.getByRole("region", { name: "After" }).first().getByText(text).waitFor();
    };
    await send("RPUSH", "cart:1187", "lamp-desk", "bulb-e27");
    await after("bulb-e27");
    await send("DECRBY", "stock:lamp-desk", 2);
    await after("36");
    await send("ZINCRBY", "ranking:sold", 2, "lamp-desk");
    await after("14");
    await send("HINCRBY", "user:1187", "orders", 1);
    await after("orders: 12");
    await page.getByText("0 in the last second").waitFor();
  },
};
