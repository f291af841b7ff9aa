import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ServerProcess } from "../../support/process.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { ours, theirs } from "./support.ts";

/** Commands whose replies have every shape there is; each line stands alone, so the two programs may run one after the other. */
const COMMANDS = [
  "flushall",
  "set text hello",
  "get text",
  "get none",
  String.raw`set bytes "\x00\x01\xff\"quoted\"\\ \n\r\t\a\b end"`,
  "get bytes",
  "set utf8 äöü€",
  "get utf8",
  "set empty ''",
  "get empty",
  "incr n",
  "incrbyfloat f 3.25",
  "lpush n x",
  "nosuchcommand a b",
  "get",
  "rpush list a b c d e f g h i j k l",
  "lrange list 0 -1",
  "lrange list 0 0",
  "lrange none 0 -1",
  "hset hash field value other 2",
  "hgetall hash",
  "hgetall none",
  "hmget hash field none",
  "sadd set only",
  "smembers set",
  "smembers none",
  "zadd zset 1.5 a 2 b inf c -inf d 1e300 e",
  "zrange zset 0 -1 withscores",
  "zscore zset a",
  "zrandmember none",
  "xadd stream 1-1 a b c d",
  "xadd stream 1-2 e f",
  "xrange stream - +",
  "xread streams stream 0",
  "xinfo stream stream full",
  "geoadd geo 13.36 38.11 Palermo",
  "geopos geo Palermo none",
  "type text",
  "command info get nosuch",
  "command docs get",
  "command getkeys set a b",
  "config get maxmemory*",
  'eval \'return {1, {2, {}, {3, {4, "x"}}}, false, "s", {ok="fine"}, {err="ERR bad"}}\' 0',
  "eval 'redis.setresp(3) return {map={a=1}}' 0",
  "eval 'redis.setresp(3) return {double=1.5}' 0",
  "eval 'return redis.error_reply(\"MY line\")' 0",
  "debug protocol string",
  "debug protocol integer",
  "debug protocol double",
  "debug protocol null",
  "debug protocol array",
  "debug protocol set",
  "debug protocol map",
  "debug protocol verbatim",
  "debug protocol true",
  "debug protocol false",
  "debug protocol push",
  "memory doctor",
  "memory usage text",
  "cluster info",
  "latency doctor",
  "object help",
  "slowlog get 0",
  "role",
  "acl getuser default",
  "acl whoami",
  "lcs text utf8 idx",
  "multi",
  "set a 1",
  "get a",
  "nosuchcommand",
  "exec",
  "multi",
  "lrange list 0 1",
  "hgetall hash",
  "exec",
  "select 3",
  "dbsize",
  "select 0",
  "select 99",
  "hello 3",
  "hgetall hash",
  "zscore zset a",
  "debug protocol map",
  "hello 2",
  "3 incr n",
  "0 incr n",
  "-1 incr n",
  "99999999999999999999 incr n",
  "unclosed 'quote",
  '""',
  '"" x',
  "   ",
  "restart",
  ":set hints",
  ":set nonsense",
  ":nonsense",
  "ping",
  "reset",
  "ping",
];

const MODES: readonly (readonly string[])[] = [
  ["--no-raw"],
  ["--raw"],
  [],
  ["--csv"],
  ["--json"],
  ["--quoted-json"],
  ["--json", "-2"],
  ["-3", "--no-raw"],
  ["-3", "--raw"],
  ["-3", "--csv"],
  ["-2", "--no-raw", "--show-pushes", "yes"],
  ["-3", "--no-raw", "--show-pushes", "yes"],
  ["-3", "--no-raw", "--show-pushes", "maybe"],
  ["-d", "|", "-D", "<end>\n", "--raw"],
  ["-n", "2", "--no-raw"],
];

describeWithRedis("the replies that replicant cli prints", () => {
  let redis: ServerProcess;
  let place: string[];
  beforeAll(async () => {
    redis = await startRedis({ args: ["--enable-debug-command", "yes"] });
    place = ["-p", String(redis.port)];
  });
  afterAll(async () => {
    await redis.stop();
  });

  /** Without the number of the connection in HELLO's reply. */
  function steady(text: string): string {
    return text.replace(/\bid\b[\s\S]{1,40}?\bmode\b/g, "id * mode");
  }

  for (const mode of MODES) {
    test(`are redis-cli's to the byte with ${mode.join(" ") || "no option"}`, async () => {
      const input = `${COMMANDS.join("\n")}\n`;
      const expected = await theirs([...place, ...mode], { input });
      const found = await ours([...place, ...mode], { input });
      expect(steady(found.out).split("\n")).toEqual(steady(expected.out).split("\n"));
      expect({ err: found.err, code: found.code }).toEqual({ err: expected.err, code: expected.code });
    });
  }
});
