import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "../support/process.ts";
import { describeWithRedis } from "../support/redis.ts";
import { follow, infoField, load, Ours, sameOffset, startReal, until } from "./support.ts";

const FOLDER = join(import.meta.dir, "../support/certificates");
const file = (name: string) => join(FOLDER, name);

/** With certificates for both roles. */
function directives(tlsPort: number): Record<string, string> {
  return {
    "tls-port": String(tlsPort),
    "tls-replication": "yes",
    "tls-cert-file": file("server.crt"),
    "tls-key-file": file("server.key"),
    "tls-client-cert-file": file("client.crt"),
    "tls-client-key-file": file("client.key"),
    "tls-ca-cert-file": file("ca.crt"),
  };
}

const asArguments = (values: Record<string, string>) => Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);

describe("replication over TLS", () => {
  test("of ours, by one connection and by two, goes on over a link that breaks", async () => {
    for (const channel of ["no", "yes"]) {
      const port = freePort();
      await using master = await Ours.start({ ...directives(port), "repl-rdb-channel": channel });
      await using replica = await Ours.start({ ...directives(freePort()), "repl-rdb-channel": channel });
      await load(master.client, 5000, (index) => ["SET", `key:${index}`, `value ${index}`.repeat(20)]);
      await follow(replica.client, port);
      expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
      await master.client.text("CLIENT", "KILL", "TYPE", "replica");
      await load(master.client, 5000, (index) => ["APPEND", `key:${index}`, "more"]);
      await until("the replica to be back", async () => (await infoField(master.client, "stats", "sync_partial_ok")) !== "0");
      await sameOffset(master.client, replica.client);
      expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
      expect(await infoField(master.client, "replication", "slave0")).toContain(`port=${replica.server.tlsPort},`);
    }
  });

  test("trusts no master whose certificate is of an unknown authority", async () => {
    const port = freePort();
    const foreign = {
      ...directives(port),
      "tls-cert-file": file("foreign.crt"),
      "tls-key-file": file("foreign.key"),
      "tls-replication": "no",
    };
    await using master = await Ours.start(foreign);
    await using replica = await Ours.start(directives(freePort()));
    await replica.client.text("REPLICAOF", "127.0.0.1", port);
    await until("the refusal", () => replica.log.includes("the master's certificate does not hold: self signed certificate"));
    expect(await infoField(replica.client, "replication", "master_link_status")).toBe("down");
    expect(await infoField(master.client, "replication", "connected_slaves")).toBe("0");
  });
});

describeWithRedis("replication over TLS with a Redis", () => {
  test("above and below", async () => {
    const [ourPort, redisPort] = [freePort(), freePort()];
    await using ours = await Ours.start(directives(ourPort));
    await using redis = await startReal(...asArguments(directives(redisPort)));
    await load(redis.client, 1000, (index) => ["SET", `key:${index}`, index]);
    await follow(ours.client, redisPort);
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(await redis.client.text("DEBUG", "DIGEST"));
    await ours.client.text("REPLICAOF", "NO", "ONE");
    await ours.client.text("SET", "last", "ours");
    await follow(redis.client, ourPort);
    await sameOffset(ours.client, redis.client);
    expect(await redis.client.text("GET", "last")).toBe("ours");
  });
});
