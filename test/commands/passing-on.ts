/** That what commands leave behind is the same at replicas, whoever is master. */
import { expect } from "bun:test";
import { follow, Ours, sameOffset, startReal } from "../replication/support.ts";
import type { RawClient, Word } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";

/** Sends requests one after the other, none of which may be answered with an error. */
export async function write(client: RawClient, requests: readonly Word[][]): Promise<void> {
  for (const words of requests) expect(String(await client.command(...words)).slice(0, 100)).not.toStartWith("-");
}

/** Declares a test for each pair of master and replica: what `before` leaves goes in the image, what `requests` do in the stream. */
export function testPassingOn(before: readonly Word[], requests: readonly Word[][]): void {
  for (const [master, replica] of [
    ["ours", "redis"],
    ["redis", "ours"],
    ["ours", "ours"],
  ]) {
    testWithRedis(`from ${master} to ${replica}, in the image and in the stream`, async () => {
      await using above = master === "ours" ? await Ours.start() : await startReal("--enable-debug-command", "yes");
      await using below = replica === "ours" ? await Ours.start() : await startReal("--enable-debug-command", "yes");
      await above.client.command(...before);
      await follow(below.client, above.port);
      await write(above.client, requests);
      await sameOffset(above.client, below.client);
      expect(await below.client.text("DEBUG", "DIGEST")).toBe(await above.client.text("DEBUG", "DIGEST"));
      await above.client.command("FLUSHALL");
      await sameOffset(above.client, below.client);
    });
  }
}
