import { describe, expect, test } from "bun:test";
import { useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";
import { play, playBoth, type Stage } from "../support/stage.ts";

/** What a server of ours does by a script whose outcome is 7.2's and not 7.0's. */
async function playOurs(script: (stage: Stage) => Promise<void>): Promise<string[]> {
  const server = await startServer();
  try {
    return await play(server.port, script);
  } finally {
    await server.stop();
  }
}

describeWithRedis("clients that wait for lists", () => {
  const comparison = useComparison();
  const both = (name: string, script: (stage: Stage) => Promise<void>) => test(name, () => playBoth(comparison(), script));

  both("are not kept waiting when there is something", async (stage) => {
    await stage.says("a", "RPUSH", "x", 1, 2, 3, 4, 5, 6);
    await stage.says("a", "BLPOP", "none", "x", 0);
    await stage.says("a", "BRPOP", "x", "none", 1);
    await stage.says("a", "BLMOVE", "x", "y", "LEFT", "RIGHT", 0);
    await stage.says("a", "BRPOPLPUSH", "x", "y", 0);
    await stage.says("a", "BLMPOP", 0, 2, "none", "x", "LEFT", "COUNT", 10);
    await stage.says("a", "LRANGE", "y", 0, -1);
    await stage.says("a", "EXISTS", "x");
  });

  both("are served first come first served", async (stage) => {
    for (const name of ["a", "b", "c"]) await stage.blocks(name, ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1, 2);
    await stage.hears("a", "b");
    await stage.says("p", "RPUSH", "x", 3, 4);
    await stage.hears("c");
    await stage.says("p", "LRANGE", "x", 0, -1);
  });

  both("are served after each command of a pipeline", async (stage) => {
    for (const name of ["a", "b"]) await stage.blocks(name, ["BLPOP", "x", 0]);
    await stage.sends("p", ["RPUSH", "x", 1], ["RPUSH", "x", 2], ["RPUSH", "x", 3], ["LLEN", "x"]);
    await stage.hears("a", "b");
  });

  both("are served after the whole of a transaction", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.sends("p", ["MULTI"], ["RPUSH", "x", 1], ["DEL", "x"], ["EXEC"]);
    await stage.sends("p", ["MULTI"], ["RPUSH", "x", 2], ["DEL", "x"], ["RPUSH", "x", 3], ["LPUSH", "x", 4], ["EXEC"]);
    await stage.hears("a");
    await stage.says("p", "LRANGE", "x", 0, -1);
  });

  both("go on with what they sent meanwhile", async (stage) => {
    await stage.blocks("a", ["SET", "s", 1], ["BLPOP", "x", 0], ["BLPOP", "x", 0], ["GET", "s"]);
    await stage.says("p", "SET", "s", 2);
    await stage.reads("a");
    await stage.says("p", "RPUSH", "x", 1);
    await stage.reads("a");
    await stage.blockedAre(1);
    await stage.says("p", "RPUSH", "x", 2);
    await stage.hears("a", "a");
  });

  both("wait for several keys and are served from one", async (stage) => {
    await stage.blocks("a", ["BRPOP", "x", "y", "x", 0]);
    await stage.blocks("b", ["BRPOP", "y", 0]);
    await stage.says("p", "RPUSH", "y", 1, 2, 3);
    await stage.hears("a", "b");
    await stage.says("p", "RPUSH", "x", 9);
    await stage.says("p", "LRANGE", "y", 0, -1);
  });

  both("wait on when the key came with another type, or went at once", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.says("p", "SET", "x", 1);
    await stage.says("p", "DEL", "x");
    await stage.says("p", "SADD", "x", 1);
    await stage.says("p", "DEL", "x");
    await stage.says("p", "ZADD", "x", 1, 1);
    await stage.says("p", "DEL", "x");
    await stage.sends("p", ["MULTI"], ["RPUSH", "x", 1], ["DEL", "x"], ["SET", "x", 2], ["EXEC"]);
    await stage.says("p", "DEL", "x");
    await stage.says("p", "RPUSH", "x", "yes");
    await stage.hears("a");
  });

  both("are served by keys that come under another name, or from another database", async (stage) => {
    for (const name of ["a", "b", "c", "d"]) await stage.blocks(name, ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "y", 1);
    await stage.says("p", "RENAME", "y", "x");
    await stage.hears("a");
    await stage.says("p", "RPUSH", "y", 2);
    await stage.says("p", "RENAMENX", "y", "x");
    await stage.hears("b");
    await stage.says("p", "RPUSH", "y", 3);
    await stage.says("p", "COPY", "y", "x");
    await stage.hears("c");
    await stage.says("p", "SELECT", 1);
    await stage.says("p", "RPUSH", "x", 4);
    await stage.says("p", "MOVE", "x", 0);
    await stage.hears("d");
  });

  both("are served by SORT STORE and by RESTORE", async (stage) => {
    for (const name of ["a", "b"]) await stage.blocks(name, ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "y", 3, 1, 2);
    await stage.says("p", "SORT", "y", "STORE", "x");
    await stage.hears("a", "b");
    await stage.says("p", "LRANGE", "x", 0, -1);
    await stage.says("p", "DEL", "x");
    await stage.blocks("c", ["BRPOP", "x", 0]);
    const client = await stage.client("p");
    const reply = await client.command("DUMP", "y");
    await stage.says("p", "RESTORE", "x", 0, reply.subarray(reply.indexOf("\n") + 1, -2));
    await stage.hears("c");
  });

  both("are served when databases are exchanged", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.blocks("b", ["SELECT", 1], ["BLPOP", "y", 0]);
    await stage.sends("p", ["RPUSH", "y", 1], ["SELECT", 1], ["RPUSH", "x", 2], ["SWAPDB", 0, 1], ["DBSIZE"]);
    await stage.reads("b");
    await stage.hears("a", "b");
  });

  both("wait on when databases are emptied", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.says("p", "FLUSHALL");
    await stage.says("p", "FLUSHDB");
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a");
  });

  both("do not see a list whose time is over", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.sends("p", ["MULTI"], ["RPUSH", "x", 1], ["PEXPIREAT", "x", 1], ["EXEC"]);
    await stage.says("p", "RPUSH", "x", 2);
    await stage.hears("a");
  });

  both("move elements on, along chains and circles", async (stage) => {
    await stage.blocks("a", ["BLMOVE", "x", "y", "LEFT", "LEFT", 0]);
    await stage.blocks("b", ["BRPOPLPUSH", "y", "z", 0]);
    await stage.blocks("c", ["BLPOP", "z", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a", "b", "c");
    await stage.blocks("a", ["BLMOVE", "x", "x", "LEFT", "RIGHT", 0]);
    await stage.says("p", "RPUSH", "x", 1, 2);
    await stage.hears("a");
    await stage.says("p", "LRANGE", "x", 0, -1);
    await stage.says("p", "DEL", "x");
    await stage.blocks("a", ["BRPOPLPUSH", "x", "y", 0]);
    await stage.blocks("b", ["BRPOPLPUSH", "y", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a", "b");
    await stage.says("p", "LRANGE", "x", 0, -1);
    await stage.says("p", "EXISTS", "y");
  });

  both("hear of a target that is no list, and leave the element to the next", async (stage) => {
    await stage.says("p", "SET", "s", 1);
    await stage.blocks("a", ["BLMOVE", "x", "s", "LEFT", "LEFT", 0]);
    await stage.blocks("b", ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a", "b");
    await stage.says("p", "EXISTS", "x");
  });

  both("take several at once", async (stage) => {
    await stage.blocks("a", ["BLMPOP", 0, 2, "x", "y", "RIGHT", "COUNT", 2]);
    await stage.blocks("b", ["BLMPOP", 0, 2, "x", "y", "LEFT"]);
    await stage.says("p", "RPUSH", "y", 1, 2, 3, 4);
    await stage.hears("a", "b");
    await stage.says("p", "LRANGE", "y", 0, -1);
  });

  both("give up when their time is over", async (stage) => {
    for (const protocol of [2, 3]) {
      await stage.mutters("a", ["HELLO", protocol]);
      await (await stage.client("a")).readReply();
      for (const words of [
        ["BLPOP", "x", "y", 0.01],
        ["BRPOP", "x", "0.001"],
        ["BLMOVE", "x", "y", "LEFT", "LEFT", 0.01],
        ["BRPOPLPUSH", "x", "y", "1e-2"],
        ["BLMPOP", "0x1p-7", 1, "x", "LEFT"],
        ["BLPOP", "x", "1e-4900"],
      ])
        await stage.says("a", ...words);
    }
  });

  both("give up each in its time, and their requests wait", async (stage) => {
    await stage.blocks("c", ["BLPOP", "x", 0]);
    await stage.mutters("a", ["BLPOP", "x", 0.05], ["PING"]);
    await stage.mutters("b", ["BLPOP", "x", 0.02]);
    await stage.reads("b", "a", "a");
    await stage.blockedAre(1);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("c");
  });

  both("refuse times that are none", async (stage) => {
    for (const time of ["-1", "-0.01", "abc", "", " 1", "nan", "-inf", "0x", "1 "]) {
      await stage.says("a", "BLPOP", "x", time);
      await stage.says("a", "BLMOVE", "x", "y", "LEFT", "LEFT", time);
      await stage.says("a", "BRPOPLPUSH", "x", "y", time);
      await stage.says("a", "BLMPOP", time, 1, "x", "LEFT");
    }
    await stage.says("a", "BLMOVE", "x", "y", "LEFT", "UP", -1);
    await stage.says("a", "BLMOVE", "x", "y", "UP", "LEFT", -1);
    for (const rest of [
      ["0", "x", "LEFT"],
      ["-1", "x", "LEFT"],
      ["a", "x", "LEFT"],
      ["1", "x", "UP"],
      ["2", "x", "LEFT"],
      ["1", "x", "LEFT", "COUNT", "0"],
      ["1", "x", "LEFT", "COUNT", "a"],
      ["1", "x", "LEFT", "COUNT"],
      ["1", "x", "LEFT", "COUNT", "1", "COUNT", "1"],
      ["1", "x", "LEFT", "x"],
      ["9999999999999999999", "x", "LEFT"],
    ])
      await stage.says("a", "BLMPOP", "abc", ...rest);
    await stage.says("p", "SET", "s", 1);
    await stage.says("a", "BLPOP", "x", "s", 0);
    await stage.says("a", "BLMOVE", "s", "y", "LEFT", "LEFT", 0);
    await stage.says("a", "BLMPOP", 0, 2, "x", "s", "LEFT");
    await stage.says("p", "RPUSH", "l", 1);
    await stage.says("a", "BLMOVE", "l", "s", "LEFT", "LEFT", 0);
    await stage.says("a", "BLPOP", "l", "s", 0);
  });

  both("do not wait in a transaction", async (stage) => {
    await stage.sends(
      "a",
      ["MULTI"],
      ["BLPOP", "x", 0],
      ["BLMOVE", "x", "y", "LEFT", "LEFT", 0],
      ["BRPOPLPUSH", "x", "y", 0],
      ["BLMPOP", 0, 1, "x", "LEFT"],
      ["BLPOP", "x", -1],
      ["RPUSH", "x", 1],
      ["BLPOP", "x", 0],
      ["EXEC"],
    );
  });

  both("see their own pops in what they watch", async (stage) => {
    await stage.says("a", "WATCH", "x");
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a");
    await stage.sends("a", ["MULTI"], ["PING"], ["EXEC"]);
    await stage.says("b", "WATCH", "x");
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a");
    await stage.sends("b", ["MULTI"], ["PING"], ["EXEC"]);
  });

  both("are forgotten when they leave", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.blocks("b", ["BLPOP", "x", 0]);
    await stage.leaves("a");
    await stage.blockedAre(1);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("b");
  });

  both("are not served once they were killed", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.blocks("b", ["BLPOP", "x", 0]);
    const id = await stage.idOf("p");
    const victim = await (async () => {
      const list = (await (await stage.client("p")).text("CLIENT", "LIST")).split("\n").filter((line) => line.includes("cmd=blpop"));
      return /id=(\d+)/.exec(list[0])?.[1] ?? id;
    })();
    await stage.sends("p", ["CLIENT", "KILL", "ID", victim], ["RPUSH", "x", 1], ["LLEN", "x"]);
    await stage.blockedAre(0);
    await stage.reads("b");
    await (await stage.client("a")).closed;
  });

  both("are let go by CLIENT UNBLOCK", async (stage) => {
    const ids = { a: await stage.idOf("a"), b: await stage.idOf("b"), c: await stage.idOf("c"), p: await stage.idOf("p") };
    for (const name of ["a", "b", "c"]) await stage.blocks(name, ["BLPOP", "x", 0], ["PING"]);
    await stage.sends("p", ["CLIENT", "UNBLOCK", ids.a], ["CLIENT", "UNBLOCK", ids.a], ["RPUSH", "x", 1], ["LLEN", "x"]);
    await stage.reads("a", "a", "b", "b");
    await stage.blockedAre(1);
    await stage.says("p", "CLIENT", "UNBLOCK", ids.c, "error");
    await stage.reads("c", "c");
    await stage.blockedAre(0);
    await stage.says("p", "CLIENT", "UNBLOCK", ids.p);
    await stage.says("p", "CLIENT", "UNBLOCK", 999999999);
    await stage.says("p", "CLIENT", "UNBLOCK", "9223372036854775807", "TIMEOUT");
    for (const rest of [[], ["x"], ["1", "x"], ["x", "error"], ["x", "y"], ["1", "timeout", "error"], ["99999999999999999999"]])
      await stage.says("p", "CLIENT", "UNBLOCK", ...rest);
  });

  both("that want no answers get none", async (stage) => {
    await stage.blocks("a", ["CLIENT", "REPLY", "SKIP"], ["BLPOP", "x", 0], ["PING"], ["BLPOP", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.reads("a");
    await stage.blockedAre(1);
    await stage.says("p", "RPUSH", "x", 2);
    await stage.hears("a");
    await stage.blocks("a", ["CLIENT", "REPLY", "OFF"], ["BLPOP", "y", 0.02], ["BLPOP", "x", 0], ["CLIENT", "REPLY", "ON"]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a");
    await stage.mutters("p", ["CLIENT", "REPLY", "OFF"]);
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.mutters("p", ["RPUSH", "x", 1], ["CLIENT", "REPLY", "ON"]);
    await stage.hears("a");
    await stage.reads("p");
  });

  both("get long answers whole, beside the answers of those who serve them", async (stage) => {
    await stage.blocks("a", ["BLMPOP", 0, 1, "x", "LEFT", "COUNT", 1000]);
    await stage.says("p", "SET", "s", "s".repeat(300_000));
    const elements = Array.from({ length: 500 }, (_, index) => `${index}`.repeat(300));
    await stage.sends("p", ["PING"], ["GET", "s"], ["RPUSH", "x", ...elements, "e".repeat(100_000)], ["GET", "s"]);
    await stage.hears("a");
  });

  both("show in INFO", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", "y", 0]);
    await stage.blocks("b", ["BLPOP", "y", "z", 100]);
    await stage.notes("clients", "blocked_clients");
    await stage.notes("clients", "clients_in_timeout_table");
    const list = await (await stage.client("p")).text("CLIENT", "LIST");
    stage.heard.push(
      ...list
        .split("\n")
        .filter((line) => line.includes("cmd=blpop"))
        .map((line) => /flags=\S+/.exec(line)?.[0] ?? ""),
    );
    await stage.says("p", "RPUSH", "y", 1, 2);
    await stage.hears("a", "b");
    await stage.notes("clients", "clients_in_timeout_table");
  });
});

describeWithRedis("what replicas and listeners hear of blocked clients", () => {
  const comparison = useComparison();
  const both = (name: string, script: (stage: Stage) => Promise<void>) =>
    test(name, async () => {
      const { ours, theirs } = await effectsOf(comparison(), (port) => play(port, script));
      expect(ours).toEqual(theirs);
    });

  both("is what served them, right after the write that did", async (stage) => {
    await stage.blocks("a", ["BLPOP", "none", "x", 0]);
    await stage.blocks("b", ["BRPOP", "x", 0]);
    await stage.blocks("c", ["BLMPOP", 0, 1, "x", "RIGHT", "COUNT", 5]);
    await stage.says("p", "RPUSH", "x", 1, 2, 3, 4);
    await stage.hears("a", "b", "c");
    await stage.blocks("a", ["BLMOVE", "x", "y", "left", "right", 0]);
    await stage.blocks("b", ["BRPOPLPUSH", "y", "z", 0]);
    await stage.blocks("c", ["BLPOP", "z", 0]);
    await stage.sends("p", ["SET", "s", 1], ["RPUSH", "x", 1], ["SET", "s", 2]);
    await stage.hears("a", "b", "c");
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.sends(
      "p",
      ["MULTI"],
      ["RPUSH", "x", 1],
      ["SET", "s", 3],
      ["EXEC"],
      ["BLPOP", "x", 0.01],
      ["RPUSH", "x", 1],
      ["BLPOP", "x", 0],
    );
    await stage.hears("a");
    await stage.blocks("a", ["BZPOPMIN", "x", 0]);
    await stage.blocks("b", ["BZMPOP", 0, 1, "x", "MAX", "COUNT", 2]);
    await stage.blocks("c", ["BZPOPMAX", "x", 0]);
    await stage.says("p", "ZADD", "x", 1, "a", 2, "b", 3, "c", 4, "d");
    await stage.hears("a", "b", "c");
  });

  both("nothing where they waited in vain", async (stage) => {
    await stage.says("a", "BLPOP", "x", 0.01);
    await stage.says("p", "SET", "s", 1);
    await stage.blocks("a", ["BLMOVE", "x", "s", "LEFT", "LEFT", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.hears("a");
  });
});

describe("as Redis 7.2 does and 7.0 did not", () => {
  const replies = async (script: (stage: Stage) => Promise<void>) =>
    (await playOurs(script)).map((line) => line.replaceAll("\r\n", " ").trim());

  test("a request is executed again from the start: its first key that has something serves it", async () => {
    const heard = await replies(async (stage) => {
      await stage.blocks("a", ["BLPOP", "x", "y", 0]);
      await stage.sends("p", ["MULTI"], ["RPUSH", "y", 1], ["RPUSH", "x", 2], ["EXEC"]);
      await stage.hears("a");
    });
    expect(heard.at(-1)).toBe("a: *2 $1 x $1 2");
  });

  test("times that are too far away are out of range", async () => {
    const times = ["inf", "1e300", "9223372036854775807", "9223372036854775.807", "9223372036854775"];
    const heard = await replies(async (stage) => {
      for (const time of times) await stage.says("a", "BLPOP", "x", time);
    });
    expect(heard).toEqual(times.map(() => "a: -ERR timeout is out of range"));
  });

  test("a request counts as one call, when it is over", async () => {
    const heard = await replies(async (stage) => {
      const id = await stage.idOf("a");
      await stage.says("p", "CONFIG", "RESETSTAT");
      await stage.blocks("a", ["BLPOP", "x", 0]);
      await stage.calls("blpop");
      await stage.says("p", "RPUSH", "x", 1);
      await stage.hears("a");
      await stage.calls("blpop");
      await stage.blocks("a", ["BLPOP", "x", 0]);
      await stage.says("p", "CLIENT", "UNBLOCK", id);
      await stage.hears("a");
      await stage.calls("blpop");
      await stage.blocks("a", ["BLPOP", "x", 0]);
      await stage.says("p", "CLIENT", "UNBLOCK", id, "ERROR");
      await stage.hears("a");
      await stage.calls("blpop");
      await stage.notes("errorstats", "errorstat_UNBLOCKED");
    });
    expect(heard.filter((line) => line.includes("stat_"))).toEqual([
      "cmdstat_blpop:",
      "cmdstat_blpop: calls=1, rejected_calls=0, failed_calls=0",
      "cmdstat_blpop: calls=2, rejected_calls=0, failed_calls=0",
      "cmdstat_blpop: calls=3, rejected_calls=0, failed_calls=1",
      "errorstat_UNBLOCKED: count=1",
    ]);
  });

  test("INFO counts the keys that are waited for", async () => {
    const heard = await replies(async (stage) => {
      await stage.blocks("a", ["BLPOP", "x", "y", 0]);
      await stage.blocks("b", ["BRPOP", "y", 0]);
      await stage.notes("clients", "total_blocking_keys");
      await stage.notes("clients", "total_blocking_keys_on_nokey");
    });
    expect(heard).toEqual(["total_blocking_keys: 2", "total_blocking_keys_on_nokey: 0"]);
  });

  test("who waits is sent away when the server becomes a replica", async () => {
    const heard = await replies(async (stage) => {
      await stage.blocks("a", ["BLPOP", "x", 0]);
      await stage.says("p", "REPLICAOF", "127.0.0.1", 1);
      await stage.hears("a");
      await (await stage.client("a")).closed;
      await stage.says("p", "REPLICAOF", "NO", "ONE");
    });
    expect(heard[1]).toBe("a: -UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
  });
});

describeWithRedis("clients that wait for sorted sets", () => {
  const comparison = useComparison();
  const both = (name: string, script: (stage: Stage) => Promise<void>) => test(name, () => playBoth(comparison(), script));

  for (const protocol of [2, 3]) {
    both(`are served in RESP${protocol}`, async (stage) => {
      for (const name of ["a", "b", "c", "d"]) {
        await stage.mutters(name, ["HELLO", protocol]);
        await (await stage.client(name)).readReply();
      }
      await stage.says("p", "ZADD", "x", 1, "a", 2.5, "b", "inf", "c", -4, "d", 3, "e");
      await stage.says("a", "BZPOPMIN", "none", "x", 0);
      await stage.says("a", "BZPOPMAX", "x", 0);
      await stage.says("a", "BZMPOP", 0, 2, "none", "x", "MAX", "COUNT", 2);
      await stage.says("a", "BZMPOP", 0, 1, "x", "MIN");
      await stage.blocks("a", ["BZPOPMIN", "x", "y", 0]);
      await stage.blocks("b", ["BZPOPMAX", "y", "x", 0]);
      await stage.blocks("c", ["BZMPOP", 0, 2, "x", "y", "MIN", "COUNT", 2]);
      await stage.mutters("d", ["BZPOPMIN", "y", 0.05]);
      await stage.says("p", "ZADD", "x", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e");
      await stage.reads("d");
      await stage.hears("a", "b", "c");
      await stage.says("p", "ZRANGE", "x", 0, -1, "WITHSCORES");
    });
  }

  both("are served by ZUNIONSTORE, ZRANGESTORE, GEOADD and ZINCRBY, not by lists", async (stage) => {
    for (const name of ["a", "b", "c", "d"]) await stage.blocks(name, ["BZPOPMIN", "x", 0]);
    await stage.says("p", "RPUSH", "x", 1);
    await stage.says("p", "DEL", "x");
    await stage.says("p", "ZADD", "y", 1, "one", 2, "two");
    await stage.says("p", "ZUNIONSTORE", "x", 1, "y");
    await stage.hears("a", "b");
    await stage.says("p", "ZRANGESTORE", "x", "y", 0, 0);
    await stage.hears("c");
    await stage.says("p", "ZINCRBY", "x", 3, "m");
    await stage.hears("d");
  });

  both("and those for lists share a key", async (stage) => {
    await stage.blocks("a", ["BLPOP", "x", 0]);
    await stage.blocks("b", ["BZPOPMIN", "x", 0]);
    await stage.blocks("c", ["BLPOP", "x", 0]);
    await stage.says("p", "ZADD", "x", 1, "m");
    await stage.hears("b");
    await stage.says("p", "RPUSH", "x", 1, 2);
    await stage.hears("a", "c");
  });

  both("refuse what is wrong", async (stage) => {
    for (const time of ["-1", "abc", "-inf"]) {
      await stage.says("a", "BZPOPMIN", "x", time);
      await stage.says("a", "BZPOPMAX", "x", time);
      await stage.says("a", "BZMPOP", time, 1, "x", "MIN");
    }
    for (const rest of [
      ["0", "x", "MIN"],
      ["1", "x", "LEFT"],
      ["2", "x", "MIN"],
      ["1", "x", "MAX", "COUNT", "0"],
      ["1", "x", "MAX", "COUNT"],
    ])
      await stage.says("a", "BZMPOP", "abc", ...rest);
    await stage.says("p", "SET", "s", 1);
    await stage.says("a", "BZPOPMIN", "x", "s", 0);
    await stage.says("a", "BZMPOP", 0, 2, "x", "s", "MIN");
    await stage.sends("a", ["MULTI"], ["BZPOPMIN", "x", 0], ["BZPOPMAX", "x", 0], ["BZMPOP", 0, 1, "x", "MIN"], ["EXEC"]);
    await stage.says("a", "BZPOPMIN", "x", 0.01);
    await stage.says("a", "BZMPOP", 0.01, 1, "x", "MIN");
  });
});

describeWithRedis("clients that wait for streams", () => {
  const comparison = useComparison();
  const both = (name: string, script: (stage: Stage) => Promise<void>) => test(name, () => playBoth(comparison(), script));

  both("see what comes after they began to wait, all of them", async (stage) => {
    await stage.says("p", "XADD", "s", "1-1", "f", "old");
    await stage.blocks("a", ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"]);
    await stage.blocks("b", ["XREAD", "COUNT", 1, "BLOCK", 100_000, "STREAMS", "t", "s", "0", "1-1"]);
    await stage.sends("p", ["XADD", "s", "2-1", "f", "new"], ["XADD", "s", "2-2", "f", "newer"]);
    await stage.hears("a", "b");
    await stage.says("a", "XREAD", "BLOCK", 10, "STREAMS", "s", "$");
    for (const time of ["-1", "0.5", "x"]) await stage.says("a", "XREAD", "BLOCK", time, "STREAMS", "s", "$");
    await stage.sends("a", ["MULTI"], ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"], ["EXEC"]);
  });

  both("of a group share what comes", async (stage) => {
    await stage.says("p", "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    await stage.blocks("a", ["XREADGROUP", "GROUP", "g", "one", "BLOCK", 0, "STREAMS", "s", ">"]);
    await stage.blocks("b", ["XREADGROUP", "GROUP", "g", "two", "BLOCK", 0, "STREAMS", "s", ">"]);
    await stage.says("p", "XADD", "s", "1-1", "f", "v");
    await stage.hears("a");
    await stage.says("p", "XADD", "s", "1-2", "f", "v");
    await stage.hears("b");
  });
});

test("readers of a group hear that it is gone: with its stream deleted, overwritten, flushed, exchanged or out of time", async () => {
  const ends = [
    [["DEL", "s"]],
    [["SET", "s", 1]],
    [["FLUSHALL"]],
    [["SWAPDB", 0, 1]],
    [["RENAME", "s", "t"]],
    [["XGROUP", "DESTROY", "s", "g"]],
    [["MULTI"], ["DEL", "s"], ["RPUSH", "s", 1], ["EXEC"]],
    [["PEXPIRE", "s", 5]],
  ];
  const answers = await Promise.all(
    ends.map((end) =>
      playOurs(async (stage) => {
        await stage.says("p", "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
        await stage.blocks("a", ["XREADGROUP", "GROUP", "g", "one", "BLOCK", 0, "STREAMS", "s", ">"]);
        await stage.notes("clients", "total_blocking_keys_on_nokey");
        await stage.sends("p", ...end);
        await stage.hears("a");
      }),
    ),
  );
  const wrongType = "a: -WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
  const gone = "a: -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n";
  expect(answers.map((heard) => heard.at(-1))).toEqual([gone, wrongType, gone, gone, gone, gone, wrongType, gone]);
  for (const heard of answers) expect(heard[1]).toBe("total_blocking_keys_on_nokey: 1");
});
