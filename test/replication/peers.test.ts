/** Full synchronizations over two connections with the servers that they come from: Redis 8 and Valkey, on either side. */
import { describe, expect, test } from "bun:test";
import type { RawClient } from "../support/client.ts";
import { type PeerName, startPeer, wantOfPeers } from "../support/peers.ts";
import { infoField, load, Ours, sameOffset, until } from "./support.ts";

const DIRECTIVES: Readonly<Record<PeerName, string>> = { redis8: "repl-rdb-channel", valkey9: "dual-channel-replication-enabled" };

/** Either kind, seen from outside. */
interface Party extends AsyncDisposable {
  readonly client: RawClient;
  readonly port: number;
  log(): Promise<string>;
}

async function startTheirs(name: PeerName): Promise<Party> {
  const server = await startPeer(name, { args: ["--repl-ping-replica-period", "3600", `--${DIRECTIVES[name]}`, "yes"] });
  const client = await server.connect();
  return {
    client,
    port: server.port,
    log: () => server.log(),
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
    },
  };
}

async function startOurs(directives: Parameters<typeof Ours.start>[0]): Promise<Party> {
  const ours = await Ours.start({ "repl-rdb-channel": "yes", ...directives });
  return { client: ours.client, port: ours.port, log: async () => ours.log, [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose]() };
}

const write = (client: RawClient, name: string, count: number) =>
  load(client, count, (index) =>
    index % 3 === 0 ? ["HSET", `hash:${name}:${index % 40}`, index, name] : ["SET", `${name}:${index}`, "v".repeat(200)],
  );
const delay = (master: Party, micros: number) => master.client.text("CONFIG", "SET", "rdb-key-save-delay", micros);
const up = async (replica: Party) => (await infoField(replica.client, "replication", "master_link_status")) === "up";
const parallel = (master: Party) =>
  until("the image to be on its way", async () =>
    /state=(send_bulk_and_stream|bg_transfer)/.test(await master.client.text("INFO", "replication")),
  );

async function expectSame(master: Party, replica: Party): Promise<void> {
  await until("the link", () => up(replica));
  await sameOffset(master.client, replica.client);
  expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
}

/** The number of the connection with the image, or of that with the stream, of the one replica that there is. */
async function connectionOf(master: Party, which: "image" | "stream"): Promise<string> {
  const lines = (await master.client.text("CLIENT", "LIST", "TYPE", "replica")).trim().split("\n");
  // Valkey has no flag for it: there the first connection asks with PSYNC, and the second with SYNC.
  const isImage = (line: string) => / flags=SC /.test(line) || / cmd=sync /.test(line);
  return /^id=(\d+) /.exec(lines.find((line) => isImage(line) === (which === "image")) ?? "")?.[1] ?? "0";
}

function scenarios(startMaster: () => Promise<Party>, startReplica: (mode: string) => Promise<Party>): void {
  for (const mode of ["disabled", "swapdb"]) {
    test(`what is written during the synchronization is there, and the link goes on, with repl-diskless-load ${mode}`, async () => {
      await using master = await startMaster();
      await using replica = await startReplica(mode);
      await write(master.client, "before", 400);
      await delay(master, 2000);
      await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
      await parallel(master);
      for (let round = 0; !(await up(replica)); round++) await write(master.client, `during:${round % 5}`, 300);
      await expectSame(master, replica);
      expect(await replica.log()).toMatch(/initialize RDB channel/);
      expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
      const partial = Number(await infoField(master.client, "stats", "sync_partial_ok"));
      await master.client.command("CLIENT", "KILL", "TYPE", "replica");
      await write(master.client, "after", 50);
      await until("the next link", async () => Number(await infoField(master.client, "stats", "sync_partial_ok")) === partial + 1);
      await expectSame(master, replica);
      expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
    });
  }

  for (const which of ["image", "stream"] as const) {
    test(`a connection with the ${which} that breaks in the middle is no more than another attempt`, async () => {
      await using master = await startMaster();
      await using replica = await startReplica("disabled");
      await write(master.client, "before", 400);
      await delay(master, 5000);
      await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
      await parallel(master);
      await write(master.client, "during", 300);
      expect((await master.client.command("CLIENT", "KILL", "ID", await connectionOf(master, which))).toString()).toBe(":1\r\n");
      await delay(master, 0);
      await expectSame(master, replica);
      expect(await infoField(master.client, "stats", "sync_full")).toBe("2");
    });
  }
}

for (const name of ["redis8", "valkey9"] as const) {
  const want = wantOfPeers(name);
  describe.skipIf(want !== "")(`two connections between ours and ${name}${want}`, () => {
    describe("as its replica", () =>
      scenarios(
        () => startOurs({}),
        async (mode) => {
          const replica = await startTheirs(name);
          await replica.client.text("CONFIG", "SET", "repl-diskless-load", mode);
          return replica;
        },
      ));
    describe("as its master", () =>
      scenarios(
        () => startTheirs(name),
        (mode) => startOurs({ "repl-diskless-load": mode }),
      ));
  });
}
