import { describe, expect, test } from "bun:test";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";

type Name = "a" | "b" | "c";
/** Who asks what; several requests at once where one has to be answered before anything else can be. */
type Step = readonly [who: Name, ...request: Word[]] | readonly [who: Name, requests: readonly (readonly Word[])[]];
type Protocols = Readonly<Partial<Record<Name, 2 | 3>>>;

const END = "the end of the scenario";

/** Plays a scenario on a server. -> all that each client received, in order. */
async function play(port: number, steps: readonly Step[], protocols: Protocols): Promise<Record<Name, string[]>> {
  const clients = { a: await connect(port), b: await connect(port), c: await connect(port) };
  const received: Record<Name, string[]> = { a: [], b: [], c: [] };
  const names = Object.keys(clients) as Name[];
  for (const name of names) if (protocols[name] === 3) await clients[name].command("HELLO", 3);
  for (const [index, [who, ...words]] of steps.entries()) {
    const requests = Array.isArray(words[0]) ? (words[0] as Word[][]) : [words as Word[]];
    for (const request of [...requests, ["PING", `after step ${index}`]]) clients[who].send(encodeCommand(request));
    received[who].push(...(await readUntil(clients[who], `after step ${index}`)));
  }
  for (const name of names) {
    clients[name].send(encodeCommand(["PING", END]));
    received[name].push(...(await readUntil(clients[name], END)));
    clients[name].close();
  }
  return received;
}

async function readUntil(client: RawClient, mark: string): Promise<string[]> {
  const replies: string[] = [];
  for (;;) {
    const reply = (await client.readReply()).toString("latin1");
    replies.push(reply);
    if (reply.includes(mark)) return replies;
  }
}

const SCENARIOS: Readonly<Record<string, readonly Step[]>> = {
  "channels, and how often a message is sent": [
    ["a", "SUBSCRIBE", "one", "two", "one"],
    ["b", "SUBSCRIBE", "two"],
    ["c", "PUBLISH", "one", "1"],
    ["c", "PUBLISH", "two", "2"],
    ["c", "PUBLISH", "three", "3"],
    ["c", "PUBSUB", "NUMSUB", "one", "two", "three"],
    ["a", "UNSUBSCRIBE", "two"],
    ["c", "PUBLISH", "two", "again"],
    ["a", "UNSUBSCRIBE"],
    ["a", "UNSUBSCRIBE"],
    ["a", "UNSUBSCRIBE", "never"],
    ["c", "PUBSUB", "CHANNELS"],
    ["c", "PUBSUB", "CHANNELS", "t*"],
    ["c", "PUBSUB", "CHANNELS", "x*"],
  ],
  "patterns beside channels": [
    ["a", "PSUBSCRIBE", "n*", "[m-o]ews"],
    ["a", "SUBSCRIBE", "news"],
    ["b", "PSUBSCRIBE", "*"],
    ["c", "PUBLISH", "news", Buffer.from([0, 255, 13, 10])],
    ["c", "PUBLISH", "", "no name"],
    ["c", "PUBSUB", "NUMPAT"],
    ["a", "PUNSUBSCRIBE", "n*"],
    ["c", "PUBLISH", "news", "2"],
    ["a", "PUNSUBSCRIBE"],
    ["a", "PUNSUBSCRIBE"],
    ["c", "PUBSUB", "NUMPAT"],
  ],
  "channels of a shard are by themselves": [
    ["a", "SSUBSCRIBE", "one", "two"],
    ["a", "SUBSCRIBE", "one"],
    ["c", "PUBLISH", "one", "to all"],
    ["c", "SPUBLISH", "one", "to the shard"],
    ["c", "PUBSUB", "SHARDNUMSUB", "one", "two"],
    ["c", "PUBSUB", "SHARDCHANNELS", "o*"],
    ["a", "SUNSUBSCRIBE", "one"],
    ["a", "SUNSUBSCRIBE"],
    ["a", "SUNSUBSCRIBE"],
  ],
  "what a subscribed client may call": [
    ["a", "SUBSCRIBE", "one"],
    ["a", "GET", "key"],
    ["a", "CONFIG", "GET", "maxclients"],
    ["a", "PING", "hello"],
    ["a", "PUBLISH", "one", "x"],
    ["a", "UNSUBSCRIBE", "one"],
    ["a", "GET", "key"],
    ["a", "SUBSCRIBE", "one"],
    ["a", "RESET"],
    ["a", "GET", "key"],
    ["c", "PUBSUB", "CHANNELS"],
  ],
  "in a transaction": [
    ["a", [["MULTI"], ["SUBSCRIBE", "one"], ["PING"], ["EXEC"]]],
    ["c", [["MULTI"], ["PUBLISH", "one", "1"], ["PUBLISH", "one", "2"], ["EXEC"]]],
  ],
  "bad requests": [
    ["a", "SUBSCRIBE"],
    ["a", "PUBLISH", "one"],
    ["a", "PUBSUB"],
    ["a", "PUBSUB", "NOSUCH"],
    ["a", "PUBSUB", "NUMPAT", "more"],
    ["a", "PUBSUB", "CHANNELS", "a", "b"],
  ],
};

describeWithRedis("publish and subscribe", () => {
  const both = useComparison();
  for (const protocols of [{}, { a: 3 }, { a: 3, b: 3, c: 3 }] satisfies Protocols[]) {
    describe(`with clients that speak RESP3: ${Object.keys(protocols).join(", ") || "none"}`, () => {
      for (const [name, steps] of Object.entries(SCENARIOS)) {
        test(name, async () => {
          const [ours, theirs] = await Promise.all([play(both().ours.port, steps, protocols), play(both().redis.port, steps, protocols)]);
          expect(sorted(ours)).toEqual(sorted(theirs));
        });
      }
    });
  }

  /** The order in which patterns, and the names in a list, come is not specified. */
  function sorted(received: Record<Name, string[]>): Record<Name, string[]> {
    const order = (reply: string) => (/^\*\d+\r\n\$3\r\n(?:one|two)/.test(reply) ? reply.split("\r\n").sort().join("\r\n") : reply);
    return { a: received.a.map(order).sort(), b: received.b.map(order), c: received.c.map(order) };
  }

  test("a client's own message in RESP3 comes after the answer to what sent it", async () => {
    const client = await connect(both().ours.port);
    await client.command("HELLO", 3);
    await client.command("SUBSCRIBE", "self");
    client.send(encodeCommand(["PUBLISH", "self", "x"]));
    client.send(encodeCommand(["PING"]));
    const replies = [await client.readReply(), await client.readReply(), await client.readReply()].map(String);
    expect(replies).toEqual([":1\r\n", ">3\r\n$7\r\nmessage\r\n$4\r\nself\r\n$1\r\nx\r\n", "+PONG\r\n"]);
    client.close();
  });

  test("CLIENT LIST and INFO count subscriptions, and a client that leaves takes its own along", async () => {
    const [listener, client] = [await connect(both().ours.port), await connect(both().ours.port)];
    await listener.command("SUBSCRIBE", "x");
    listener.send(encodeCommand(["PSUBSCRIBE", "y*", "z*"]));
    await listener.readReply();
    await listener.readReply();
    expect(String(await client.command("CLIENT", "LIST", "TYPE", "pubsub"))).toMatch(/flags=P .*sub=1 psub=2 ssub=0/);
    expect(String(await client.command("INFO", "stats"))).toMatch(/pubsub_channels:1\r\npubsub_patterns:2/);
    listener.close();
    while (!String(await client.command("PUBSUB", "NUMPAT")).startsWith(":0")) await Bun.sleep(1);
    expect(String(await client.command("PUBLISH", "x", "m"))).toBe(":0\r\n");
    client.close();
  });
});

describeWithRedis("keyspace notifications", () => {
  const both = useComparison();

  /** -> what a listener to everything hears while the requests run. */
  async function heard(port: number, classes: string, requests: readonly (readonly Word[])[]): Promise<string[]> {
    const [listener, client] = [await connect(port), await connect(port)];
    await client.command("FLUSHALL");
    await client.command("CONFIG", "SET", "notify-keyspace-events", classes);
    await listener.command("PSUBSCRIBE", "*");
    for (const request of requests) await client.command(...request);
    await client.command("PUBLISH", "last", END);
    const messages = await readUntil(listener, END);
    await client.command("CONFIG", "SET", "notify-keyspace-events", "");
    listener.close();
    client.close();
    return messages;
  }

  const REQUESTS: readonly (readonly Word[])[] = [
    ["SET", "k", "1"],
    ["GET", "missing"],
    ["INCR", "k"],
    ["EXPIRE", "k", "100"],
    ["RENAME", "k", "l"],
    ["SELECT", "3"],
    ["SET", "m", "x"],
    ["MOVE", "m", "2"],
    ["SELECT", "0"],
    ["SET", "gone", "x", "PXAT", "1"],
    ["DEL", "l"],
  ];
  for (const classes of ["KEA", "K$", "Eg", "KEn", "KEm", "A", "KE", "Kx", "KEg$lshzxetdmn"]) {
    test(`of the classes ${classes} are those of Redis`, async () => {
      const [ours, theirs] = await Promise.all([heard(both().ours.port, classes, REQUESTS), heard(both().redis.port, classes, REQUESTS)]);
      expect(ours).toEqual(theirs);
    });
  }

  test("CONFIG GET shows the classes as Redis does, and bad letters are refused", async () => {
    await both().compare([
      [
        ["CONFIG", "SET", "notify-keyspace-events", "AKE"],
        ["CONFIG", "GET", "notify-keyspace-events"],
        ["CONFIG", "SET", "notify-keyspace-events", "q"],
        ["CONFIG", "SET", "notify-keyspace-events", ""],
      ],
    ]);
  });
});
