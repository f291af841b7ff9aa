import { expect, test } from "bun:test";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { AofWriter } from "../../src/aof/writer.ts";
import { asFailure } from "../../src/assert.ts";
import { Config } from "../../src/config/config.ts";
import { Journal } from "../../src/journal/journal.ts";
import { LatencyMonitor } from "../../src/keyspace/latency-monitor.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { until } from "../replication/support.ts";
import { MemoryLog } from "../snapshot/support.ts";
import { Directory } from "./support.ts";

function writing(directory: Directory, policy: string) {
  const journal = new Journal();
  const log = new MemoryLog();
  const told: (string | null)[] = [];
  const outcome = { fatal: 0 };
  const writer: AofWriter = new AofWriter({
    config: Config.of({ appendfsync: policy }),
    log,
    journal,
    latency: new LatencyMonitor(),
    events: { statusChanged: () => void told.push(writer.error), flushed() {}, fatal: () => void outcome.fatal++, broken: asFailure },
    diskBusy: () => false,
  });
  journal.openFile();
  const put = (...words: string[]) => journal.append(0, new Frame().encode(words));
  const path = (name: string) => join(directory.path, name);
  symlinkSync("/dev/full", path("full"));
  return { journal, log, told, outcome, writer, put, path };
}

test("what could not be written is kept and written when it can be", () => {
  using directory = new Directory();
  const { writer, log, told, put, path } = writing(directory, "no");
  writer.open(path("full"), "truncate");
  put("SET", "a", "1");
  expect(writer.write()).toBe(true);
  put("SET", "b", "1");
  expect(writer.write()).toBe(true);
  expect([writer.error, writer.size, told]).toEqual(["No space left on device", 0, Array(2).fill("No space left on device")]);
  const waiting = writer.waitingBytes;
  writer.open(path("good"), "truncate");
  expect(writer.write()).toBe(true);
  expect([writer.error, writer.size, writer.waitingBytes, told.at(-1)]).toEqual([null, waiting, 0, null]);
  expect(readFileSync(path("good"), "latin1")).toMatch(/^\*2\r\n\$6\r\nSELECT.*SET.*a.*SET.*b\r\n\$1\r\n1\r\n$/s);
  // Said once, though it failed twice.
  expect(log.lines).toEqual([
    "! Error writing to the AOF file: No space left on device",
    "AOF write error looks solved, Redis can write again.",
  ]);
  writer.close();
});

test("with appendfsync always a write that fails ends the server", () => {
  using directory = new Directory();
  const { writer, log, outcome, put, path } = writing(directory, "always");
  writer.open(path("full"), "truncate");
  put("SET", "a", "1");
  expect([writer.write(), outcome.fatal]).toEqual([false, 1]);
  expect(log.lines.at(-1)).toBe("! Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
  writer.close();
});

test("the file sees neither what is for replicas only nor half a unit, and sees what is for itself only", async () => {
  using directory = new Directory();
  const { writer, journal, put, path } = writing(directory, "everysec");
  writer.open(path("file"), "truncate");
  const text = () =>
    readFileSync(path("file"), "latin1")
      .replaceAll(/\*\d+\r\n|\$\d+\r\n/g, "")
      .replaceAll("\r\n", " ");
  const ping = Buffer.from("*1\r\n$4\r\nPING\r\n");
  journal.appendForReplicas(ping, 0, ping.length);
  put("SET", "a", "1");
  writer.write();
  expect(text()).toBe("SELECT 0 SET a 1 ");
  journal.beginUnit();
  put("SET", "b", "1");
  writer.write();
  expect(text()).toBe("SELECT 0 SET a 1 ");
  journal.appendForReplicas(ping, 0, ping.length);
  put("SET", "c", "1");
  journal.endUnit();
  journal.appendForReplicas(ping, 0, ping.length);
  journal.appendForFile(Buffer.from("*1\r\n$3\r\nOWN\r\n"));
  journal.appendForReplicas(ping, 0, ping.length);
  writer.write();
  expect(text()).toBe("SELECT 0 SET a 1 MULTI SET b 1 SET c 1 EXEC OWN ");
  expect(writer.waitingBytes).toBe(0);
  for (let index = 0; index < 40; index++) put("SET", "d", "x".repeat(100_000)); // over several blocks
  const { size } = writer;
  writer.write();
  expect(writer.size).toBeGreaterThan(size + 4_000_000);
  expect(readFileSync(path("file")).length).toBe(writer.size);
  expect(journal.heldBytes).toBeLessThan(2 * 1024 * 1024);
  writer.open(path("next"), "truncate"); // flushes the one before in the background
  await until("the flush", () => writer.flushing === 0);
  writer.close();
});
