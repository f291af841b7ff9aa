import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, encodeCommand, type RawClient, replyText } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { type Decoded, decode, itemsOf } from "../support/decode.ts";
import { LOOK } from "../support/lookup.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

type Line = Readonly<Record<string, string>>;

/** The lines of CLIENT LIST, fields by name. */
function linesOf(reply: Buffer): Line[] {
  return replyText(reply)
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) =>
      Object.fromEntries(line.split(" ").map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)])),
    );
}

const FIELDS_7_2 =
  "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp " +
  "lib-name lib-ver";

describeWithRedis("CLIENT, beside Redis", () => {
  const both = useComparison();

  test("names", () =>
    both().compare([
      [
        ["CLIENT", "GETNAME"],
        ["CLIENT", "SETNAME", "worker-1"],
        ["CLIENT", "GETNAME"],
        ...["a b", "a\nb", " ", "\x7f", "\xff", "é", "~!", ""].map((name): Request => ["CLIENT", "SETNAME", Buffer.from(name, "latin1")]),
        ["CLIENT", "GETNAME"],
        ["CLIENT", "SETNAME", Buffer.from("a\0b")],
        ["CLIENT", "GETNAME"],
        ["CLIENT", "SETNAME"],
        ["CLIENT", "GETNAME", "x"],
      ],
    ]));

  for (const protocol of [2, 3] as const) {
    test(`errors, RESP${protocol}`, () =>
      both().compare(
        [
          [
            ["CLIENT"],
            ["CLIENT", "NOSUCH"],
            ["CLIENT", "NOSUCH", "x"],
            ["CLIENT", "ID", "x"],
            ["CLIENT", "INFO", "x"],
            ["CLIENT", "LIST", "TYPE"],
            ["CLIENT", "LIST", "TYPE", "nosuch"],
            ["CLIENT", "LIST", "TYPE", "normal", "pubsub"],
            ["CLIENT", "LIST", "ID"],
            ["CLIENT", "LIST", "ID", "x"],
            ["CLIENT", "LIST", "ID", "999999", "-1"],
            ["CLIENT", "LIST", "NOSUCH", "x"],
            ["CLIENT", "LIST", "TYPE", "master"],
            ["CLIENT", "LIST", "TYPE", "replica"],
            ["CLIENT", "LIST", "TYPE", "slave"],
            ["CLIENT", "LIST", "TYPE", "pubsub"],
            ["CLIENT", "KILL"],
            ["CLIENT", "KILL", "127.0.0.1:1"],
            ["CLIENT", "KILL", "ID", "x"],
            ["CLIENT", "KILL", "ID", "0"],
            ["CLIENT", "KILL", "ID", "-1"],
            ["CLIENT", "KILL", "ID", "999999"],
            ["CLIENT", "KILL", "ID", "999999", "SKIPME"],
            ["CLIENT", "KILL", "ID", "999999", "SKIPME", "maybe"],
            ["CLIENT", "KILL", "TYPE", "nosuch"],
            ["CLIENT", "KILL", "TYPE", "pubsub"],
            ["CLIENT", "KILL", "USER", "nobody"],
            ["CLIENT", "KILL", "ADDR", "127.0.0.1:1", "LADDR", "127.0.0.1:2"],
            ["CLIENT", "KILL", "NOSUCH", "x"],
            ["CLIENT", "REPLY"],
            ["CLIENT", "REPLY", "maybe"],
            ["CLIENT", "NO-EVICT"],
            ["CLIENT", "NO-EVICT", "maybe"],
            ["CLIENT", "NO-EVICT", "on"],
            ["CLIENT", "NO-EVICT", "OFF"],
            ["CLIENT", "HELP", "x"],
            ["PING"],
          ],
        ],
        { protocol },
      ));
  }

  test("a client that is muted is told of no protocol error", async () => {
    // Redis says nothing either, and leaves the connection open without reading from it any more; ours is closed.
    for (const mode of ["OFF", "SKIP"]) {
      const client = await connect(both().ours.port);
      client.send(Buffer.concat([encodeCommand(["CLIENT", "REPLY", mode]), Buffer.from("*1\r\n!x\r\n")]));
      expect(await client.readLine().catch(({ message }: Error) => message)).toContain("closed");
    }
  });

  test("REPLY OFF, SKIP and ON in every order mute the same replies", async () => {
    const script = [
      ["CLIENT", "REPLY", "ON"],
      ["CLIENT", "REPLY", "SKIP"],
      ["ECHO", "skipped"],
      ["ECHO", "heard 1"],
      ["CLIENT", "REPLY", "OFF"],
      ["ECHO", "off"],
      ["CLIENT", "REPLY", "SKIP"],
      ["NOSUCH"],
      ["CLIENT", "REPLY", "ON"],
      ["CLIENT", "REPLY", "SKIP"],
      ["CLIENT", "REPLY", "SKIP"],
      ["ECHO", "skipped after two"],
      ["ECHO", "heard 2"],
      ["CLIENT", "REPLY", "SKIP"],
      ["CLIENT", "REPLY", "OFF"],
      ["ECHO", "off"],
      ["RESET"],
      ["CLIENT", "REPLY", "SKIP"],
      ["RESET"],
      ["CLIENT", "REPLY", "SKIP"],
      ["CLIENT", "REPLY", "ON"],
      ["CLIENT", "REPLY", "SKIP"],
      ["CLIENT", "REPLY", "nosuch"],
      ["ECHO", "x".repeat(100_000)],
      ["CLIENT", "REPLY", "OFF"],
      ["ECHO", "y".repeat(100_000)],
      ["CLIENT", "REPLY", "ON"],
      ["QUIT"],
    ];
    const heard = await Promise.all(
      [both().ours.port, both().redis.port].map(async (port) => {
        const client = await connect(port);
        client.send(Buffer.concat(script.map(encodeCommand)));
        await client.closed;
        return client.unread().toString();
      }),
    );
    expect(heard[0]).toContain("heard 2");
    expect(heard[0]).toBe(heard[1]);
  });

  test("LIST shows Redis's fields in their order, then 7.2's own", async () => {
    const names = async (port: number) => {
      const client = await connect(port);
      const text = replyText(await client.command("CLIENT", "LIST"));
      client.close();
      return text
        .split("\n")[0]
        .split(" ")
        .map((field) => field.split("=")[0]);
    };
    expect((await names(both().ours.port)).join(" ")).toBe(FIELDS_7_2);
    expect(FIELDS_7_2).toBe(`${(await names(both().redis.port)).join(" ")} lib-name lib-ver`);
  });

  test("what LIST says of the asking client is what Redis says", async () => {
    const COMPARED = [
      "name",
      "age",
      "idle",
      "flags",
      "db",
      "sub",
      "psub",
      "ssub",
      "multi",
      "qbuf",
      "argv-mem",
      "multi-mem",
      "obl",
      "oll",
      "omem",
      "events",
    ];
    const ALSO = ["cmd", "user", "redir", "resp"];
    const facts = async (port: number) => {
      const client = await connect(port);
      const seen: Line[] = [];
      await client.command("CLIENT", "SETNAME", "me");
      seen.push(...linesOf(await client.command("CLIENT", "INFO")));
      await client.command("SELECT", "4");
      await client.command("HELLO", "3");
      await client.command("CLIENT", "NO-EVICT", "ON");
      const id = seen[0].id;
      const listed = linesOf(await client.command("CLIENT", "LIST", "ID", id, "999999", id));
      // The ids in the request are longer on one side than on the other.
      seen.push(...listed.map((line) => ({ ...line, qbuf: "", "argv-mem": "" })));
      const other = await connect(port);
      for (const request of [["NOSUCH"], ["GET"], ["CLIENT", "NOSUCH"], ["WATCH", "k"], ["MULTI"], ["SET", "k", "v"]]) {
        await client.command(...request);
        seen.push(...linesOf(await other.command("CLIENT", "LIST", "ID", id)).map((line) => ({ ...line, "multi-mem": "" })));
      }
      await other.command("SELECT", "4");
      await other.command("SET", "k", "w");
      seen.push(...linesOf(await other.command("CLIENT", "LIST", "ID", id)).map((line) => ({ ...line, "multi-mem": "" })));
      client.close();
      other.close();
      // Whole seconds: a tick of the clock may fall on one side and not on the other.
      const fresh = (seconds: string): string => (Number(seconds) <= 1 ? "fresh" : seconds);
      const settled = seen.map((line) => ({ ...line, age: fresh(line.age), idle: fresh(line.idle) }) as Line);
      return settled.map((line) => Object.fromEntries([...COMPARED, ...ALSO].map((field) => [field, line[field]])));
    };
    const mine = await facts(both().ours.port);
    expect(mine).toEqual(await facts(both().redis.port));
    expect(mine.map((line) => line.flags)).toEqual(["N", "e", "e", "e", "e", "e", "e", "xe", "xe", "xde"].slice(0, mine.length));
  });

  test("what LIST says of others is what Redis says", async () => {
    const STATES: Record<string, readonly string[]> = {
      "one that has just come": [],
      "a transaction": ["MULTI\r\n", "SET k vvvvvvvvvv\r\n", "GET k\r\n"],
      subscriptions: ["SUBSCRIBE a b\r\n", "PSUBSCRIBE a*\r\n", "SSUBSCRIBE a b c\r\n"],
      "what blocks, and what waits behind it": ["BLPOP nokey nokey2 0\r\nPING\r\nPING\r\n"],
      "a part of an argument": ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhel"],
      "a part of a long argument": [`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000\r\n${"x".repeat(40_000)}`],
      "a part of many arguments": [`*250\r\n${`$100\r\n${"x".repeat(100)}\r\n`.repeat(100)}$1`],
      "a part of a line": ["PING\r\nGET a"],
      "no replies": ["CLIENT REPLY OFF\r\nPING\r\n"],
      "no replies, and the end": ["CLIENT REPLY OFF\r\nQUIT\r\n"],
      flags: ["CLIENT NO-EVICT ON\r\n"],
    };
    const FIELDS = "flags db sub psub ssub multi qbuf argv-mem multi-mem obl oll omem events cmd user redir resp".split(" ");
    const factsAt = async (port: number) => {
      const [control, found] = [await connect(port), new Map<string, unknown>()];
      for (const [state, pieces] of Object.entries(STATES)) {
        const client = await connect(port);
        const id = Number(replyText(await client.command("CLIENT", "ID")));
        for (const piece of pieces) client.send(piece);
        // Until it has arrived: what is shown does not change any more.
        let before = "";
        for (;;) {
          const [line] = linesOf(await control.command("CLIENT", "LIST", "ID", id));
          const facts = JSON.stringify(FIELDS.map((field) => `${field}=${line[field]}`));
          if (facts === before) break;
          before = facts;
          await Bun.sleep(20);
        }
        found.set(state, JSON.parse(before));
        client.close();
      }
      control.close();
      return found;
    };
    expect(await factsAt(both().ours.port)).toEqual(await factsAt(both().redis.port));
  });

  test("HELP has the same form", async () => {
    const help = async (port: number): Promise<readonly Decoded[]> => {
      const client = await connect(port);
      const reply = decode(await client.command("CLIENT", "help"));
      client.close();
      return itemsOf(reply);
    };
    const [mine, theirs] = [await help(both().ours.port), await help(both().redis.port)];
    expect(mine[0]).toBe(theirs[0]);
    expect(mine.at(-2)).toBe("+HELP");
  });
});

describe("CLIENT", () => {
  let server: TestServer;
  let opened: RawClient[];

  beforeEach(async () => {
    server = await startServer();
    opened = [];
  });
  afterEach(async () => {
    for (const client of opened) client.close();
    await server.stop();
  });

  async function open(name: string): Promise<RawClient> {
    const client = await connect(server.port);
    opened.push(client);
    await client.command("CLIENT", "SETNAME", name);
    return client;
  }

  const line = async (client: RawClient) => linesOf(await client.command("CLIENT", "INFO"))[0];
  const namesListed = async (client: RawClient) => linesOf(await client.command("CLIENT", "LIST")).map((line) => line.name);

  test("SETINFO notes the library, refuses what LIST could not show, and RESET leaves it", async () => {
    const client = await open("me");
    expect((await client.command("CLIENT", "SETINFO", "Lib-Name", "redis-x(1)")).toString()).toBe("+OK\r\n");
    expect((await client.command("CLIENT", "SETINFO", "lib-ver", "1.2.3")).toString()).toBe("+OK\r\n");
    expect((await client.command("CLIENT", "SETINFO", "LIB-ver", "1 2")).toString()).toBe(
      "-ERR LIB-ver cannot contain spaces, newlines or special characters.\r\n",
    );
    expect((await client.command("CLIENT", "SETINFO", "nosuch", "x")).toString()).toBe("-ERR Unrecognized option 'nosuch'\r\n");
    await client.command("RESET");
    expect(await line(client)).toMatchObject({ name: "", "lib-name": "redis-x(1)", "lib-ver": "1.2.3" });
    await client.command("CLIENT", "SETINFO", "lib-name", "");
    expect((await line(client))["lib-name"]).toBe("");
  });

  test("NO-TOUCH keeps reads from counting as accesses, except TOUCH", async () => {
    const client = await open("me");
    const { keyspace } = server.server;
    const database = keyspace.databases[0];
    const key = Buffer.from("k");
    await client.command("SET", "k", "v");
    const access = () => database.access(database.find(LOOK, key, 0, 1));
    database.setAccess(database.find(LOOK, key, 0, 1), 7);
    expect((await client.command("CLIENT", "NO-TOUCH", "ON")).toString()).toBe("+OK\r\n");
    expect((await line(client)).flags).toBe("T");
    await client.command("GET", "k");
    expect(access()).toBe(7);
    expect((await client.command("CLIENT", "NO-TOUCH", "maybe")).toString()).toBe("-ERR syntax error\r\n");
    await client.command("TOUCH", "k");
    expect(access()).not.toBe(7);
    database.setAccess(database.find(LOOK, key, 0, 1), 7);
    expect((await client.command("CLIENT", "NO-TOUCH", "OFF")).toString()).toBe("+OK\r\n");
    await client.command("GET", "k");
    expect(access()).not.toBe(7);
  });

  test("a killed client is gone at once, from the list too, and its watched keys with it", async () => {
    const [me, victim] = [await open("me"), await open("victim")];
    await victim.command("WATCH", "k");
    const { id } = await line(victim);
    const [killed, list] = await me.pipeline([
      ["CLIENT", "KILL", "ID", id],
      ["CLIENT", "LIST"],
    ]);
    expect(killed.toString()).toBe(":1\r\n");
    expect(linesOf(list).map((line) => line.name)).toEqual(["me"]);
    await victim.closed;
    await me.command("PING");
    expect(server.server.keyspace.watched.size).toBe(0);
  });

  test("KILL by address takes exactly that client, the asking one too, which is answered first", async () => {
    const [me, other] = [await open("me"), await open("other")];
    expect((await me.command("CLIENT", "KILL", (await line(other)).addr)).toString()).toBe("+OK\r\n");
    await other.closed;
    expect((await me.command("CLIENT", "KILL", (await line(me)).addr)).toString()).toBe("+OK\r\n");
    await me.closed;
  });

  test("KILL's filters must all hold, and the asking client is spared unless told", async () => {
    const [me, one, two] = [await open("me"), await open("one"), await open("two")];
    const { laddr } = await line(me);
    const first = await line(one);
    const kill = async (...filter: string[]) => (await me.command("CLIENT", "KILL", ...filter)).toString();
    expect(await kill("ADDR", first.addr, "TYPE", "master")).toBe(":0\r\n");
    expect(await kill("ADDR", first.addr, "LADDR", laddr, "TYPE", "normal", "ID", first.id, "USER", "default", "SKIPME", "yes")).toBe(
      ":1\r\n",
    );
    await one.closed;
    expect(await namesListed(me)).toEqual(["me", "two"]);
    expect(await kill("LADDR", laddr)).toBe(":1\r\n");
    await two.closed;
    expect(await kill("TYPE", "normal", "SKIPME", "no")).toBe(":1\r\n");
    await me.closed;
  });

  test("KILL MAXAGE takes clients that are as old, or older", async () => {
    const [me, old, young] = [await open("me"), await open("old"), await open("young")];
    for (const session of server.server.clients)
      if (session.name === "old") Object.assign(session, { createdAt: session.createdAt - 100_000 });
    const kill = async (...filter: string[]) => (await me.command("CLIENT", "KILL", ...filter)).toString();
    for (const [age, error] of [
      ["x", "ERR maxage is not an integer or out of range"],
      ["9223372036854775808", "ERR maxage is not an integer or out of range"],
      ["0", "ERR maxage should be greater than 0"],
      ["-1", "ERR maxage should be greater than 0"],
    ]) {
      expect(await kill("MAXAGE", age)).toBe(`-${error}\r\n`);
    }
    expect(await kill("MAXAGE", "1000")).toBe(":0\r\n");
    expect(await kill("MAXAGE", "100", "TYPE", "pubsub")).toBe(":0\r\n");
    expect(await kill("MAXAGE", "100")).toBe(":1\r\n");
    await old.closed;
    expect(await namesListed(me)).toEqual(["me", "young"]);
    young.close();
  });

  test("requests behind the KILL of oneself are not served", async () => {
    const [me, other] = [await open("me"), await open("other")];
    const { id } = await line(me);
    me.send(Buffer.concat([encodeCommand(["CLIENT", "KILL", "ID", id, "SKIPME", "no"]), encodeCommand(["SET", "k", "v"])]));
    await me.closed;
    expect(me.unread().toString()).toBe(":1\r\n");
    expect((await other.command("EXISTS", "k")).toString()).toBe(":0\r\n");
  });

  test("KILL reaches a client that does not read, and drops what waits for it", async () => {
    const me = await open("me");
    await me.command("SET", "big", Buffer.alloc(8 * 1024 * 1024, "x"));
    const { promise: closed, resolve: markClosed } = Promise.withResolvers<void>();
    const deaf = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {}, close: () => markClosed() } });
    deaf.pause();
    deaf.write(Buffer.concat(Array.from({ length: 8 }, () => encodeCommand(["GET", "big"]))));
    const listed = async () => linesOf(await me.command("CLIENT", "LIST")).find((line) => line.name === "");
    let line = await listed();
    while (line?.omem === "0") line = await listed();
    expect(Number(line?.omem)).toBeGreaterThan(8 * 1024 * 1024);
    expect(line).toMatchObject({ events: "rw", cmd: "get" });
    expect(Number(line?.oll)).toBeGreaterThan(0);
    expect((await me.command("CLIENT", "KILL", "ID", line?.id ?? "")).toString()).toBe(":1\r\n");
    expect(await namesListed(me)).toEqual(["me"]);
    deaf.resume();
    await closed;
  });

  test("ID grows with each connection and stays with it", async () => {
    const [one, two] = [await open("one"), await open("two")];
    const idOf = async (client: RawClient) => Number(replyText(await client.command("CLIENT", "ID")));
    const first = await idOf(one);
    expect(await idOf(two)).toBe(first + 1);
    expect(await idOf(one)).toBe(first);
  });
});
