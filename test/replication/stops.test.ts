/** DEBUG REPL-PAUSE and its kin: the process stops itself at a step of a synchronization, and goes on with SIGCONT. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Word } from "../support/client.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import { infoField, Ours, sameOffset, until } from "./support.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

const stopped = ({ pid }: ServerProcess) => readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].startsWith("T");

async function goOn(server: ServerProcess): Promise<void> {
  await until("the process to stop", () => stopped(server));
  server.kill("SIGCONT");
}

function startProcess(...args: string[]): Promise<ServerProcess> {
  return startServer([process.execPath, "run", MAIN], { args: ["--repl-rdb-channel", "yes", "--enable-debug-command", "yes", ...args] });
}

for (const [step, command, expected] of [
  ["before the second connection asks for the image", ["DEBUG", "REPL-PAUSE", "before-rdb-channel"], /state=wait_bgsave/],
  ["while what was kept of the stream is run", ["DEBUG", "REPL-PAUSE", "on-streaming-repl-buf"], /state=online/],
] satisfies [string, Word[], RegExp][]) {
  test.skipIf(process.platform !== "linux")(`a replica stops ${step}, and then goes on`, async () => {
    await using master = await Ours.start({ "repl-rdb-channel": "yes", "rdb-key-save-delay": "1000" });
    await using replica = await startProcess();
    const client = await replica.connect();
    await master.client.text("DEBUG", "POPULATE", 100);
    expect(await client.text(...command)).toBe("OK");
    await client.text("REPLICAOF", "127.0.0.1", master.port);
    if (command[2] === "on-streaming-repl-buf") {
      await until("the image", async () => (await master.client.text("INFO", "replication")).includes("state=send_bulk_and_stream"));
      await master.client.text("SET", "meanwhile", 1);
    }
    await until("the process to stop", () => stopped(replica));
    await until("the step", async () => expected.test(await master.client.text("INFO", "replication")));
    client.send(Buffer.from("DEBUG REPL-PAUSE clear\r\n"));
    replica.kill("SIGCONT");
    await client.skipReplies(1);
    await until("the link", async () => (await infoField(client, "replication", "master_link_status")) === "up");
    await sameOffset(master.client, client);
    expect(await replica.log()).toMatch(/Process is about to stop\.[\s\S]*Process has been continued\./);
    client.close();
  });
}

test.skipIf(process.platform !== "linux")("a master stops once it has sent the image, of which its replica has all", async () => {
  await using master = await startProcess("--repl-diskless-sync-delay", "0");
  await using replica = await Ours.start({ "repl-rdb-channel": "yes" });
  const client = await master.connect();
  await client.text("SET", "key", "value");
  expect(await client.text("DEBUG", "PAUSE-AFTER-FORK", 1)).toBe("OK");
  await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
  await until("the image", () => replica.log.includes("Done loading RDB"));
  await goOn(master);
  await until("the link", async () => (await infoField(replica.client, "replication", "master_link_status")) === "up");
  expect(await replica.client.text("GET", "key")).toBe("value");
  client.close();
});

test("what is unknown is refused as by Redis 8", async () => {
  await using ours = await Ours.start();
  const reply = (await ours.client.command("DEBUG", "REPL-PAUSE", "x")).toString();
  expect(reply).toBe("-ERR unknown subcommand or wrong number of arguments for 'REPL-PAUSE'. Try DEBUG HELP.\r\n");
  expect(await ours.client.text("DEBUG", "DELAY-RDB-CLIENT-FREE-SECONDS", 2)).toBe("OK");
});
