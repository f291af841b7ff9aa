import { describe, expect, test } from "bun:test";
import { infoOf } from "../../src/console/page/live/info.ts";
import type { Work } from "../../src/console/page/live/progress.ts";
import { topologyOf } from "../../src/console/page/views/replication/topology.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { describeWithBrowser, openConsole } from "./browser.ts";

const SENDING: Work = {
  kind: "sync-send",
  subject: "10.0.0.3:6380",
  unit: "keys",
  done: 1,
  total: 4,
  percent: 25,
  rate: 1,
  bytes: 10,
  bytesRate: 5,
  seconds: 1,
  left: 3,
};

describe("the topology that the console shows", () => {
  test("has replicas with their lag and synchronizations", () => {
    const { role, master, replicas, backlog } = topologyOf(
      infoOf(
        [
          "role:master",
          "slave0:ip=10.0.0.2,port=6379,state=online,offset=900,lag=1",
          "slave1:ip=10.0.0.3,port=6380,state=send_bulk,offset=0,lag=0",
          "slave2:ip=::1,port=0,state=online,offset=1000,lag=9",
          "master_repl_offset:1000",
          "repl_backlog_active:0",
        ].join("\r\n"),
      ),
      [SENDING],
    );
    expect({ role, master, backlog }).toEqual({ role: "master", master: null, backlog: null });
    expect(replicas.map(({ address, health, lagBytes, lagSeconds, work }) => [address, health, lagBytes, lagSeconds, work])).toEqual([
      ["10.0.0.2:6379", "good", 100, 1, null],
      ["10.0.0.3:6380", "busy", null, null, SENDING],
      ["[::1]:0", "bad", 0, 9, null],
    ]);
  });

  test("has the master, and its image as INFO tells of it", () => {
    const { master, downSeconds } = topologyOf(
      infoOf(
        [
          "role:slave",
          "master_host:a.example",
          "master_port:7",
          "master_link_status:down",
          "master_sync_in_progress:1",
          "master_sync_total_bytes:400",
          "master_sync_read_bytes:100",
          "master_sync_last_io_seconds_ago:2",
          "master_link_down_since_seconds:8",
          "slave_read_repl_offset:1",
          "slave_repl_offset:1",
        ].join("\r\n"),
      ),
      [],
    );
    expect(downSeconds).toBe(8);
    expect(master).toMatchObject({ address: "a.example:7", health: "busy", state: "sends its image", lagBytes: null, lagSeconds: 2 });
    expect(master?.work).toMatchObject({ kind: "sync-receive", percent: 25, done: 100 });
  });
});

describeWithBrowser("the console's view of replication", () => {
  test("shows links as they are, hands over to a replica, and takes over again", async () => {
    await using opened = await openConsole("#/replication", { "repl-diskless-sync-delay": "0" });
    const { page, server, problems } = opened;
    await page.getByText("No replica is connected").waitFor();
    await using replica = await startServer({ replicaof: `127.0.0.1 ${server.port}` });
    const row = page.getByRole("row", { name: new RegExp(`127.0.0.1:${replica.port}`) });
    await row.filter({ hasText: "our replica" }).filter({ hasText: "online" }).filter({ hasText: "0 B" }).waitFor();
    await page.getByRole("img", { name: /127.0.0.1:\d+ is a master. 1 replicas below it./ }).waitFor();

    await page.getByRole("button", { name: "Hand over to a replica" }).click();
    await page.getByRole("dialog").getByText("FAILOVER: 127.0.0.1").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Begin the failover" }).click();
    await row.filter({ hasText: "our master" }).filter({ hasText: "link up" }).waitFor();

    await page.getByRole("button", { name: "Become a master" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.getByRole("button", { name: "Become a master" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Become a master" }).click();
    await page.getByText("No replica is connected").waitFor();

    await page.getByRole("button", { name: "Become a replica" }).click();
    await page.getByRole("dialog").getByLabel("Host").fill("127.0.0.1");
    await page.getByRole("dialog").getByLabel("Port").fill("70000");
    await page.getByRole("button", { name: "Drop the data and follow" }).click();
    await page.getByRole("dialog").getByRole("alert").filter({ hasText: "Invalid master port" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("compares with another server, and leads to the keys that differ", async () => {
    await using other = await startServer({ requirepass: "secret" });
    await using opened = await openConsole("#/replication");
    const { page, server, problems } = opened;
    using here = await connect(server.port);
    using there = await connect(other.port);
    await there.text("AUTH", "secret");
    for (const client of [here, there]) await client.text("SET", "same", "1");
    await here.text("SET", "odd\u0000key", "1");
    await there.text("SET", "only there", "1");
    await page.getByLabel("Host").fill("127.0.0.1");
    await page.getByLabel("Port").fill(String(other.port));
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("alert").filter({ hasText: "NOAUTH" }).waitFor();
    await page.getByLabel("Password").fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText("2 keys differ").waitFor();
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    const table = page.getByRole("table", { name: "Keys that differ" });
    await table
      .getByRole("row", { name: /only there/ })
      .filter({ hasText: "missing here" })
      .waitFor();
    const link = table.getByRole("link", { name: "odd\\x00key" });
    expect(await link.getAttribute("href")).toBe("#/keys?db=0&key=odd%5Cx00key");
    expect(problems).toEqual([]);
  });
});
