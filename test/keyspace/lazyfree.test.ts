import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";

test("a large value whose time is over is freed bit by bit: no cycle of expiry waits for it", async () => {
  await using server = await startServer();
  const { housekeeping, keyspace } = server.server;
  housekeeping.stop();
  const client = await connect(server.port);
  for (let from = 0; from < 50_000; from += 1000)
    await client.command("SADD", "large", ...Array.from({ length: 1000 }, (_, index) => `member:${from + index}`));
  await client.command("PEXPIREAT", "large", Date.now() + 1_000_000);
  const { usedBytes } = keyspace;
  keyspace.now = Date.now() + 2_000_000;
  keyspace.expireDue(1000);
  expect([keyspace.databases[0].size, keyspace.lazyFree.pending]).toEqual([0, 1]);
  expect(keyspace.usedBytes).toBeGreaterThan(usedBytes / 2);
  let slices = 0;
  for (let over = false; !over; slices++) over = keyspace.lazyFree.run(0);
  expect(slices).toBeGreaterThan(10);
  expect(keyspace.usedBytes).toBeLessThan(usedBytes / 10);
  client.close();
});
