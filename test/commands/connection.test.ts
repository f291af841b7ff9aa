import { describe, expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { decode, mapOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

/**
 * What two servers cannot have in common: the client's number, the version, which is 7.2.4 here and asserted on its own, and the words in
 * which 7.2 tells of HELLO's form.
 */
function maskHello(reply: string): string {
  return reply
    .replace("HELLO <proto> AUTH", "HELLO AUTH")
    .replace(/(\$2\r\nid\r\n):\d+/, "$1:ID")
    .replace(/(\$7\r\nversion\r\n)\$\d+\r\n[\d.]+/, "$1VERSION");
}

const HELLO_ERRORS: readonly Request[] = [
  ["HELLO", "4"],
  ["HELLO", "1"],
  ["HELLO", "-3"],
  ["HELLO", "x"],
  ["HELLO", "3x"],
  ["HELLO", "99999999999999999999"],
  ["HELLO", ""],
  ["HELLO", "2", "x"],
  ["HELLO", "2", "AUTH"],
  ["HELLO", "2", "AUTH", "default"],
  ["HELLO", "2", "AUTH", "nobody", "secret"],
  ["HELLO", "2", "SETNAME"],
  ["HELLO", "2", "SETNAME", "a b"],
  ["HELLO", "2", "SETNAME", "a\nb"],
  ["HELLO", "AUTH", "default", "x"],
  ["HELLO", "3", "NOPE"],
  ["CLIENT", "GETNAME"],
  ["PING"],
];

describeWithRedis("connection commands, beside Redis", () => {
  const both = useComparison();

  test("PING, ECHO and SELECT", () =>
    both().compare([
      [["PING"], ["ping", "hello"], ["PING", ""], ["PING", Buffer.from([0, 13, 10, 255])], ["PING", "a", "b"]],
      [["ECHO", "hello"], ["ECHO", ""], ["ECHO", "x".repeat(100_000)], ["ECHO"], ["ECHO", "a", "b"]],
      [
        ["SELECT", "15"],
        ["SET", "k", "in 15"],
        ["SELECT", "0"],
        ["GET", "k"],
        ["SELECT", "15"],
        ["GET", "k"],
        ...["16", "-1", "x", "", "1.0", "01", " 1", "2147483648", "-2147483649", "99999999999999999999"].map(
          (index): Request => ["SELECT", index],
        ),
        ["GET", "k"],
        ["SELECT"],
        ["SELECT", "1", "2"],
      ],
    ]));

  test("HELLO changes protocol and name, and answers in the protocol just chosen", () =>
    both().compare(
      [
        [
          ["HELLO"],
          ["HELLO", "2"],
          ["HELLO", "3"],
          ["HELLO"],
          ["CLIENT", "GETNAME"],
          ["GET", "missing"],
          ["HELLO", "2"],
          ["GET", "missing"],
        ],
        [
          ["HELLO", "3", "setname", "one", "SETNAME", "two"],
          ["CLIENT", "GETNAME"],
          ["HELLO", "2", "SETNAME", ""],
          ["CLIENT", "GETNAME"],
        ],
        [
          ["HELLO", "3", "auth", "default", "anything", "setname", "me"],
          ["CLIENT", "GETNAME"],
        ],
        HELLO_ERRORS,
      ],
      { mask: maskHello },
    ));

  test("without a password AUTH takes the default user with any, and no one else", () =>
    both().compare([
      [
        ["AUTH", "x"],
        ["AUTH", "default", "x"],
        ["AUTH", "default", ""],
        ["AUTH", "DEFAULT", "x"],
        ["AUTH", "nobody", "x"],
        ["AUTH", "a", "b", "c"],
        ["AUTH"],
      ],
    ]));

  test("RESET forgets database, protocol, name and transaction, even inside MULTI", () =>
    both().compare(
      [
        [
          ["SELECT", "3"],
          ["HELLO", "3", "SETNAME", "me"],
          ["WATCH", "k"],
          ["MULTI"],
          ["SET", "k", "v"],
          ["RESET"],
          ["EXEC"],
          ["CLIENT", "GETNAME"],
          ["SET", "k", "in 0"],
          ["SELECT", "3"],
          ["GET", "k"],
          ["RESET", "x"],
        ],
      ],
      { mask: maskHello },
    ));
});

describeWithRedis("connection commands with a password, beside Redis", () => {
  const both = useComparison({ requirepass: "s3cret" });

  test("nothing but logging in is served before", async () => {
    const LOCKED: readonly Request[] = [
      ["PING"],
      ["GET", "k"],
      ["NOSUCH"],
      ["GET"],
      ["MULTI"],
      ["CLIENT", "ID"],
      ["RESET"],
      ["HELLO"],
      ["HELLO", "3"],
      ["HELLO", "3", "AUTH", "default", "wrong"],
      ["AUTH", "wrong"],
      ["AUTH", ""],
      ["AUTH", "default", "wrong"],
      ["AUTH", "nobody", "s3cret"],
      ["AUTH", "default", "s3cret", "x"],
      ["PING"],
    ];
    // Emptying the databases between cases needs a password there; these cases write nothing.
    for (const login of [
      ["AUTH", "s3cret"],
      ["AUTH", "default", "s3cret"],
      ["HELLO", "2", "AUTH", "default", "s3cret"],
    ]) {
      await both().compare([[...LOCKED, login, ["PING"], ["AUTH", "wrong"], ["PING"], ["RESET"], ["PING"]]], { mask: maskHello });
    }
  });

  test("QUIT is answered and ends the connection; what follows is not served", async () => {
    const answers = await Promise.all(
      [both().ours.port, both().redis.port].map(async (port) => {
        const client = await connect(port);
        client.send("QUIT\r\nPING\r\n");
        await client.closed;
        return client.unread().toString();
      }),
    );
    expect(answers).toEqual(["+OK\r\n", "+OK\r\n"]);
  });
});

describe("connection", () => {
  async function withServer(
    directives: Parameters<typeof startServer>[0],
    body: (client: RawClient, port: number) => Promise<void>,
  ): Promise<void> {
    const server = await startServer(directives);
    const client = await connect(server.port);
    try {
      await body(client, server.port);
    } finally {
      client.close();
      await server.stop();
    }
  }

  test("HELLO says it is Redis 7.2.4, which is what clients look for", () =>
    withServer({}, async (client) => {
      const fields = mapOf(decode(await client.command("HELLO", "3")));
      expect([...fields].filter(([name]) => name !== "id")).toEqual([
        ["server", "$redis"],
        ["version", "$7.2.4"],
        ["proto", ":3"],
        ["mode", "$standalone"],
        ["role", "$master"],
        ["modules", { mark: "*", items: [] }],
      ]);
    }));

  test("HELLO that fails changes nothing (7.0 keeps the name of one)", () =>
    withServer({ requirepass: "s3cret" }, async (client) => {
      const refused = (await client.command("HELLO", "3", "SETNAME", "lost")).toString();
      expect(refused).toBe(
        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to " +
          "authenticate the client and select the RESP protocol version at the same time\r\n",
      );
      await client.command("AUTH", "s3cret");
      expect((await client.command("HELLO", "3", "SETNAME", "lost", "NOPE")).toString()).toBe(
        "-ERR Syntax error in HELLO option 'NOPE'\r\n",
      );
      expect((await client.command("CLIENT", "GETNAME")).toString()).toBe("$-1\r\n");
    }));

  test("a password of any bytes works", () =>
    withServer({ requirepass: '"\\xff\\x00 z"' }, async (client) => {
      expect((await client.command("AUTH", Buffer.from([255, 0, 32]))).toString()).toStartWith("-WRONGPASS");
      expect((await client.command("AUTH", Buffer.from([255, 0, 32, 0x7a]))).toString()).toBe("+OK\r\n");
    }));

  test("a password set later leaves those in who are in; taken away, it lets in those who wait", () =>
    withServer({}, async (early, port) => {
      await early.command("PING");
      expect((await early.command("CONFIG", "SET", "requirepass", "new")).toString()).toBe("+OK\r\n");
      expect((await early.command("PING")).toString()).toBe("+PONG\r\n");
      const late = await connect(port);
      expect((await late.command("PING")).toString()).toStartWith("-NOAUTH");
      await early.command("CONFIG", "SET", "requirepass", "");
      expect((await late.command("PING")).toString()).toBe("+PONG\r\n");
      late.close();
    }));
});
