import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Loader } from "../../src/config/file.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { Comparison } from "../support/compare.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

const hash = (password: string) => createHash("sha256").update(password).digest("hex");

/** 7.0 has other words where a user is denied something (getAclErrorMessage came with 7.2). */
function inWordsOf72(reply: string): string {
  return reply
    .replace(/^\$\d+\r\nThis user has no permissions to access the '(.*)' (key|channel)\r\n$/s, (_, name, kind) => {
      const text = `User u has no permissions to access the '${name}' ${kind}`;
      return `$${text.length}\r\n${text}\r\n`;
    })
    .replace(/^\$\d+\r\nThis user has no permissions to run the '(.*)' command\r\n$/s, (_, name) => {
      const text = `User u has no permissions to run the '${name}' command`;
      return `$${text.length}\r\n${text}\r\n`;
    });
}

describeWithRedis("rules", () => {
  /** Applied one after the other. */
  const RULES: readonly (readonly string[])[] = [
    ["%", "%~a", "%R", "%RR~a", "%Rx", "~", "&", "+", "-", "+@", "bogus", "", "~a b", "&a\tb", "~a\u00a0b"],
    ["+get|", "+|", "+nosuch", "+nosuch|x", "+config|get|x", "+config|nosuch", "-nosuch", "-config|nosuch", "+@nosuch", "-@nosuch"],
    ["()", "( +get )", "(+get ~a", "(+get", "~a)", "clearselectors", "(~a* +get)", "(%R~b %W~c +@write -del &chan*)", "(bogus)", "(on)"],
    ["allkeys", "~x", "resetkeys", "~x", "~y*", "%R~y*", "%W~z", "%rw~z", "~*", "resetkeys"],
    ["allchannels", "&x", "resetchannels", "&x", "&x", "&*", "resetchannels"],
    [
      ">pw",
      ">pw",
      "#abc",
      `#${hash("a")}`,
      `#${hash("a").toUpperCase()}`,
      "<nope",
      "!abc",
      "<pw",
      `!${hash("a")}`,
      "nopass",
      ">pw",
      "resetpass",
    ],
    ["on", "OFF", "On", "nopass", ">x", "skip-sanitize-payload", "sanitize-payload", "reset", "allkeys", "RESET"],
  ];

  /** Since 7.2 every user says whether payloads are sanitized. */
  const ALIKE: readonly Word[][] = [["ACL", "SETUSER", "default", "sanitize-payload"]];

  test.each([2, 3] as const)("make the users that Redis makes of them (RESP%d)", async (protocol) => {
    const comparison = await Comparison.start({ "acl-pubsub-default": protocol === 2 ? "resetchannels" : "allchannels" });
    try {
      const cases = RULES.map((rules) => [
        ["ACL", "DELUSER", "u"],
        ...ALIKE,
        ["ACL", "SETUSER", "u", "reset"],
        ...rules.flatMap((rule) => [
          ["ACL", "SETUSER", "u", Buffer.from(rule, "latin1")],
          ["ACL", "LIST"],
          ["ACL", "GETUSER", "u"],
        ]),
      ]);
      await comparison.compare(cases, { protocol });
    } finally {
      await comparison.stop();
    }
  });

  const DRY: readonly string[] = [
    "get app:1|set app:1 x|get ro:1|set ro:1 x|get other|flushall|keys *|mset app:1 a admin:2 b|mset app:1 a app:2 b|nosuch|get|select 1",
    "publish news.a x|publish other x|psubscribe news.*|psubscribe news.a|subscribe news.b|subscribe news.b x|spublish news.x y|ssubscribe other",
    "unsubscribe other|punsubscribe|copy ro:1 app:2|copy app:1 ro:2|rename app:1 admin:1|smove app:1 app:2 x|set app:1 x get|set ro:1 x get",
    "sort app:1 by x*|sort app:1 get #|sort app:1 store ro:x|sort ro:1 store app:1|eval return 2 app:1 ro:1|eval return 1 app:1|eval return 0",
    "xread streams app:1 other 0 0|xread count 1 streams ro:1 0|xreadgroup group g c streams app:1 >|xreadgroup group g c streams ro:1 >",
    "zunionstore app:z 2 ro:1 app:1|zunionstore ro:z 1 app:1|zunionstore app:z 3 ro:1 other ro:2|bitop and app:x ro:1 app:2|bitop not ro:1 app:1",
    "georadius ro:1 1 1 1 km store app:1|georadius app:1 1 1 1 km store ro:1|lmpop 2 app:1 ro:1 left|blpop app:1 ro:1 0|getex ro:1|getdel app:1",
    "bitfield ro:1 get u8 0|bitfield ro:1 set u8 0 1|object encoding ro:1|object encoding other|memory usage other|touch other|exists ro:1 app:1",
    "watch other|pfcount ro:1 other|pfmerge app:1 ro:1|geosearchstore app:1 ro:1 frommember x byradius 1 km|auth a b|hello 3|ping|acl whoami",
    "acl list|config get x|client list|client kill x|lcs app:1 ro:1|lcs app:1 other|sintercard 2 app:1 other|restore app:1 0 x|dump other",
  ];

  test("allow and deny what Redis's do", async () => {
    const comparison = await Comparison.start();
    try {
      const rules = "reset on >p +@all -@dangerous ~app:* %R~ro:* &news.* (+@all ~admin:* resetchannels) (+config|get)".split(
        / (?![^(]*\))/,
      );
      const dry = DRY.flatMap((line) => line.split("|")).map((line) => ["ACL", "DRYRUN", "u", ...line.split(" ")]);
      await comparison.compare([[...ALIKE, ["ACL", "SETUSER", "u", ...rules], ["ACL", "LIST"], ...dry]], { mask: inWordsOf72 });
    } finally {
      await comparison.stop();
    }
  });

  test("are asked about as in Redis", async () => {
    const comparison = await Comparison.start();
    const requests: Word[][] = [
      ...["CAT x", "CAT x y", "GENPASS 0", "GENPASS 4097", "GENPASS x", "GENPASS 1 2", "LOG x", "LOG 1 2", "LOG RESET", "LOG -1", "LOG"],
      ...[
        "DELUSER default",
        "DELUSER nobody",
        "GETUSER nobody",
        "DRYRUN nobody get x",
        "DRYRUN default nosuch",
        "DRYRUN default get",
        "FOO",
      ],
      ...["LOAD", "SAVE", "USERS", "WHOAMI", "WHOAMI x", "CAT", "SETUSER", "DRYRUN default"],
    ].map((line) => ["ACL", ...line.split(" ")]);
    try {
      await comparison.compare([
        [
          ...requests,
          ["ACL"],
          ["ACL", "SETUSER", "a b"],
          ["ACL", "SETUSER", "a\0b"],
          ["ACL", "SETUSER", "new", "reset"],
          ["ACL", "GETUSER", "new"],
        ],
        [
          ["AUTH", "x"],
          ["AUTH", "default", "x"],
          ["AUTH", "nobody", "x"],
          ["AUTH", "a", "b", "c"],
          ["CLIENT", "KILL", "USER", "nobody"],
        ],
      ]);
    } finally {
      await comparison.stop();
    }
  });
});

describe("rules about commands", () => {
  // As Redis 8.0.6 has them, and 7.2's sources say; 7.0 sorts them.
  test.each([
    ["+@read -@read", "-@all -@read"],
    ["+@all -set -config|set +config|set +set", "+@all +config|set +set"],
    ["+GET +CoNfIg|GeT", "-@all +get +config|get"],
    ["+@all -@write +set", "+@all -@write +set"],
    ["+client|id +client -client|id +@connection", "-@all +client -client|id +@connection"],
    ["+select|0 +select|1 -select", "-@all -select"],
    ["+select|0 +SELECT|1 +select|0", "-@all +select|1 +select|0"],
    ["+@read +get -@read", "-@all +get -@read"],
    ["+@all -@all +@string -setex +@dangerous +@string", "-@all -setex +@dangerous +@string"],
    ["+config -config|get +config|get -config", "-@all -config"],
    ["allcommands nocommands", "-@all"],
  ])("%s make %s", async (rules, made) => {
    await using server = await startServer();
    const client = await connect(server.port);
    await client.text("ACL", "SETUSER", "u", ...rules.split(" "));
    expect(textOf(mapOf(decode(await client.command("ACL", "GETUSER", "u"))).get("commands"))).toBe(made);
    client.close();
  });
});

describe("users", () => {
  let server: TestServer;
  let admin: RawClient;
  let client: RawClient;
  beforeEach(async () => {
    server = await startServer();
    admin = await connect(server.port);
    client = await connect(server.port);
  });
  afterEach(async () => {
    admin.close();
    client.close();
    await server.stop();
  });

  const ask = async (asked: RawClient, ...words: Word[]): Promise<string> => (await asked.command(...words)).toString("latin1");
  const loginAs = async (...rules: string[]): Promise<void> => {
    expect(await ask(admin, "ACL", "SETUSER", "u", "reset", "on", ">p", ...rules)).toBe("+OK\r\n");
    expect(await ask(client, "AUTH", "u", "p")).toBe("+OK\r\n");
  };

  test("are told what they may not do, in Redis 7.2's words", async () => {
    await loginAs("+@all", "-flushall", "~a*", "&c");
    expect(await ask(client, "FLUSHALL")).toBe("-NOPERM User u has no permissions to run the 'flushall' command\r\n");
    expect(await ask(client, "GET", "b")).toBe("-NOPERM No permissions to access a key\r\n");
    expect(await ask(client, "PUBLISH", "d", "x")).toBe("-NOPERM No permissions to access a channel\r\n");
    expect(await ask(client, "SORT", "a", "GET", "x*")).toBe("-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n");
    expect(await ask(client, "SORT", "a", "BY", "x*")).toBe("-ERR BY option of SORT denied due to insufficient ACL permissions.\r\n");
    expect(await ask(client, "SORT", "a", "BY", "nosort")).toBe("*0\r\n");
    expect(await ask(client, "ACL", "WHOAMI")).toBe("$1\r\nu\r\n");
    expect(await ask(client, "RESET")).toBe("+RESET\r\n");
    expect(await ask(client, "GET", "b")).toBe("$-1\r\n");
  });

  test("are held to the rules as they change, in the middle of a transaction too", async () => {
    await loginAs("+@all", "~*", "&*");
    for (const words of [["MULTI"], ["SET", "a", "1"], ["SET", "b", "2"], ["PUBLISH", "c", "x"]]) await client.command(...words);
    await ask(admin, "ACL", "SETUSER", "u", "resetkeys", "~a", "-publish");
    const changed =
      "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed " +
      "for the following reason: ";
    expect(await ask(client, "EXEC")).toBe(
      `*3\r\n+OK\r\n${changed}no permission to touch the specified keys\r\n${changed}no permission to execute the command or subcommand\r\n`,
    );
    expect(await ask(admin, "EXISTS", "a", "b")).toBe(":1\r\n");
    for (const words of [["MULTI"], ["GET", "b"]]) await client.command(...words);
    expect(await ask(client, "EXEC")).toBe("-EXECABORT Transaction discarded because of previous errors.\r\n");
  });

  test("are held to them in scripts", async () => {
    await loginAs("+@all", "-incr", "~a", "&*");
    const denied = (text: string, line: string) => `-ERR ACL failure in script: ${text} script: ${line}, on @user_script:1.\r\n`;
    for (const [script, text] of [
      ["return redis.call('get', 'b')", "No permissions to access a key"],
      ["return redis.call('incr', 'a')", "User u has no permissions to run the 'incr' command"],
    ] as const) {
      expect(await ask(client, "EVAL", script, 0)).toBe(denied(text, createHash("sha1").update(script).digest("hex")));
    }
    const may = (words: string) => ask(client, "EVAL", `return redis.acl_check_cmd(${words})`, 0);
    expect([await may("'get','a'"), await may("'get','b'"), await may("'incr','a'")]).toEqual([":1\r\n", "$-1\r\n", "$-1\r\n"]);
    expect(await ask(client, "EVAL", "return redis.call('get', 'a')", 1, "b")).toBe("-NOPERM No permissions to access a key\r\n");
  });

  test("what they were denied is listed, grouped and counted", async () => {
    await loginAs("+@all", "-flushall", "~a*", "&c");
    expect(await ask(admin, "AUTH", "u", "wrong")).toStartWith("-WRONGPASS ");
    for (const words of [["GET", "b"], ["GET", "b"], ["FLUSHALL"], ["PUBLISH", "d", "x"], ["MULTI"], ["GET", "c"], ["DISCARD"]])
      await client.command(...words);
    await client.command("EVAL", "return redis.pcall('get', 'e')", 0);
    const entries = itemsOf(decode(await admin.command("ACL", "LOG", 20))).map((entry) => mapOf(entry));
    const shown = (name: string) => entries.map((entry) => textOf(entry.get(name)));
    expect(shown("count")).toEqual(["1", "1", "1", "1", "2", "1"]);
    expect(shown("reason")).toEqual(["key", "key", "channel", "command", "key", "auth"]);
    expect(shown("context")).toEqual(["lua", "multi", "toplevel", "toplevel", "toplevel", "toplevel"]);
    expect(shown("object")).toEqual(["e", "c", "d", "flushall", "b", "AUTH"]);
    expect(shown("username")).toEqual(["u", "u", "u", "u", "u", "u"]);
    expect(shown("entry-id")).toEqual(["5", "4", "3", "2", "1", "0"]);
    expect(shown("client-info")[4]).toContain(" cmd=get user=u ");
    const info = await admin.text("INFO", "stats");
    for (const [what, count] of [
      ["auth", 1],
      ["cmd", 1],
      ["key", 4],
      ["channel", 1],
    ])
      expect(info).toContain(`acl_access_denied_${what}:${count}\r\n`);
    await admin.command("CONFIG", "SET", "acllog-max-len", 2);
    await client.command("GET", "z");
    expect(itemsOf(decode(await admin.command("ACL", "LOG"))).length).toBe(2);
    await admin.command("ACL", "LOG", "RESET");
    expect(await ask(admin, "ACL", "LOG")).toBe("*0\r\n");
  });

  test("that are deleted lose their connections, and those who listen where they may not any more", async () => {
    await loginAs("+@all", "~*", "&a", "&b*");
    await client.command("SUBSCRIBE", "a");
    await ask(admin, "ACL", "SETUSER", "u", "&c");
    await ask(admin, "PUBLISH", "a", "still");
    expect((await client.readReply()).toString()).toContain("still");
    await ask(admin, "ACL", "SETUSER", "u", "resetchannels", "&b*");
    await client.closed;
    const second = await connect(server.port);
    await second.command("AUTH", "u", "p");
    await second.command("PSUBSCRIBE", "b*");
    expect(await ask(admin, "ACL", "DELUSER", "u", "u", "nobody")).toBe(":1\r\n");
    await second.closed;
    const third = await connect(server.port);
    await ask(third, "ACL", "SETUSER", "self", "on", "nopass", "+@all");
    await third.command("AUTH", "self", "x");
    expect(await ask(third, "ACL", "DELUSER", "self")).toBe(":1\r\n");
    await third.closed;
  });

  test("log in where a login is needed, and nobody gets past it otherwise", async () => {
    await ask(admin, "ACL", "SETUSER", "u", "on", ">p", "+get", "~*");
    expect(await ask(admin, "CONFIG", "SET", "requirepass", "secret")).toBe("+OK\r\n");
    expect(await ask(client, "GET", "a")).toBe("$-1\r\n");
    const fresh = await connect(server.port);
    expect(await ask(fresh, "GET", "a")).toBe("-NOAUTH Authentication required.\r\n");
    expect(await ask(fresh, "HELLO", 3)).toStartWith("-NOAUTH HELLO must be called with the client already authenticated");
    expect(await ask(fresh, "HELLO", 3, "AUTH", "u", "q")).toStartWith("-WRONGPASS ");
    expect(await ask(fresh, "HELLO", 3, "AUTH", "u", "p")).toStartWith("%7\r\n");
    expect(await ask(fresh, "GET", "a")).toBe("_\r\n");
    expect(await ask(fresh, "SET", "a", "1")).toBe("-NOPERM User u has no permissions to run the 'set' command\r\n");
    expect(await ask(fresh, "AUTH", "secret")).toBe("+OK\r\n");
    expect(await ask(fresh, "ACL", "LIST")).toContain(`user default on sanitize-payload #${hash("secret")} ~* &* +@all\r\n`);
    expect(await ask(fresh, "ACL", "SETUSER", "u", "off")).toBe("+OK\r\n");
    expect(await ask(fresh, "AUTH", "u", "p")).toStartWith("-WRONGPASS ");
    await ask(fresh, "ACL", "SETUSER", "default", "off");
    const last = await connect(server.port);
    expect(await ask(last, "PING")).toBe("-NOAUTH Authentication required.\r\n");
    await ask(fresh, "ACL", "SETUSER", "default", "on", "nopass");
    expect(await ask(last, "PING")).toBe("+PONG\r\n");
    for (const each of [fresh, last]) each.close();
  });
});

describe("users in files", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "replicant-acl-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function make(text: string): Server {
    const path = join(directory, "replicant.conf");
    writeFileSync(path, `dir ${directory}\nsave ""\n${text}`, "latin1");
    const loader = new Loader((file) => readFileSync(file, "latin1"));
    loader.loadFile(path);
    return new Server(new Config(loader.finish(path)), { anyPort: true, log: new Log({ level: "nothing", file: "" }) });
  }

  async function started(text: string): Promise<{ server: Server; client: RawClient } & AsyncDisposable> {
    const server = make(text);
    await server.start();
    const client = await connect(server.port);
    return {
      server,
      client,
      async [Symbol.asyncDispose]() {
        client.close();
        await server.stop();
      },
    };
  }

  test("of the configuration are there, and are rewritten", async () => {
    await using one = await started("user default on nopass ~* &* +@all\nuser bob on >p ~b* +get (%R~x +@read)\n");
    expect(await one.client.text("AUTH", "bob", "p")).toBe("OK");
    await one.client.text("AUTH", "default", "x");
    await one.client.text("ACL", "SETUSER", "carol", "on", "nopass", "+ping");
    await one.client.text("ACL", "DELUSER", "bob");
    expect(await one.client.text("CONFIG", "REWRITE")).toBe("OK");
    const users = readFileSync(join(directory, "replicant.conf"), "latin1")
      .split("\n")
      .filter((line) => line.startsWith("user "));
    expect(users.sort()).toEqual([
      "user carol on nopass sanitize-payload resetchannels -@all +ping",
      "user default on nopass sanitize-payload ~* &* +@all",
    ]);
  });

  test.each([
    ["user bob bogus", "Error in user declaration 'bogus': Syntax error"],
    ["user bob +nosuch", "Error in user declaration '+nosuch': Unknown command or category name in ACL"],
    ["user bob (+get", "Error in user declaration '(+get': Syntax error"],
    ['user "a b" on', "Spaces not allowed in ACL usernames"],
    ["aclfile missing.acl", "opening file"],
    ["aclfile users.acl\nuser bob on", "please define either an ACL file or users in the configuration"],
  ])("that make no sense are refused at the start: %s", (text, reason) => {
    writeFileSync(join(directory, "users.acl"), "");
    expect(() => make(text)).toThrow(reason);
  });

  test("of an ACL file are loaded, saved and loaded again, all or none", async () => {
    const path = join(directory, "users.acl");
    writeFileSync(path, `user alice on #${hash("a")} ~a* +@all\n\n  user bob on nopass +ping (~x +get) \r\n`);
    await using one = await started("aclfile users.acl\n");
    const { client } = one;
    expect(await client.text("AUTH", "alice", "a")).toBe("OK");
    const other = await connect(one.server.port);
    expect(await other.text("AUTH", "bob", "x")).toBe("OK");
    expect((await client.command("GET", "b")).toString()).toBe("-NOPERM No permissions to access a key\r\n");
    await client.text("ACL", "SETUSER", "bob", "+echo");
    expect(await client.text("ACL", "SAVE")).toBe("OK");
    expect(
      readFileSync(path, "latin1")
        .split("\n")
        .map((line) => line.split(" ")[1]),
    ).toEqual(["alice", "bob", "default", undefined as unknown as string]);
    expect(readFileSync(path, "latin1")).toContain(
      "user bob on nopass sanitize-payload resetchannels -@all +ping +echo (~x resetchannels -@all +get)\n",
    );
    writeFileSync(path, "bogus\nuser\nuser bob on\nuser bob off\nuser carol +nosuch +x bogus bogus\nuser dave (+get\n");
    expect((await client.command("ACL", "LOAD")).toString()).toBe(
      `-ERR ${path}:1 should start with user keyword followed by the username. ${path}:2 should start with user keyword followed by the username. ` +
        `WARNING: Duplicate user 'bob' found on line 4. ${path}:5: Error in applying operation '+nosuch': Unknown command or category name in ACL. ` +
        `${path}:5: Error in applying operation '+x': Unknown command or category name in ACL. ${path}:5: Syntax error. ` +
        `${path}:6: Unmatched parenthesis in selector definition.WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n`,
    );
    expect(await other.text("ECHO", "still")).toBe("still");
    writeFileSync(path, "user erin on nopass +ping\n");
    expect(await client.text("ACL", "LOAD")).toBe("OK");
    await client.closed;
    await other.closed;
    const last = await connect(one.server.port);
    expect((await last.command("ACL", "USERS")).toString()).toBe("*2\r\n$7\r\ndefault\r\n$4\r\nerin\r\n");
    expect(await last.text("CONFIG", "REWRITE")).toBe("OK");
    expect(readFileSync(join(directory, "replicant.conf"), "latin1")).not.toContain("user ");
    last.close();
  });
});
