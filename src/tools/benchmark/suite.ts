/** redis-benchmark's tests: what each sends, and the names that `-t` knows it by. */

import { encodeWords } from "../cli/connection.ts";

export interface Test {
  readonly title: string;
  readonly names: readonly string[];
  readonly request: Buffer;
}

const LRANGES = [100, 300, 500, 600];

/** The tests for values of these bytes; `randomScores`: those of ZADD are. */
export function suite(data: string, randomScores: boolean): Test[] {
  const test = (name: string, ...words: string[]): Test => ({ title: name.toUpperCase(), names: [name], request: encodeWords(words) });
  const lrangeNames = ["lrange", ...LRANGES.map((count) => `lrange_${count}`)];
  return [
    { title: "PING_INLINE", names: ["ping_inline", "ping"], request: Buffer.from("PING\r\n") },
    { title: "PING_MBULK", names: ["ping_mbulk", "ping"], request: encodeWords(["PING"]) },
    test("set", "SET", "key:__rand_int__", data),
    test("get", "GET", "key:__rand_int__"),
    test("incr", "INCR", "counter:__rand_int__"),
    test("lpush", "LPUSH", "mylist", data),
    test("rpush", "RPUSH", "mylist", data),
    test("lpop", "LPOP", "mylist"),
    test("rpop", "RPOP", "mylist"),
    test("sadd", "SADD", "myset", "element:__rand_int__"),
    test("hset", "HSET", "myhash", "element:__rand_int__", data),
    test("spop", "SPOP", "myset"),
    test("zadd", "ZADD", "myzset", randomScores ? "__rand_int__" : "0", "element:__rand_int__"),
    test("zpopmin", "ZPOPMIN", "myzset"),
    { title: "LPUSH (needed to benchmark LRANGE)", names: lrangeNames, request: encodeWords(["LPUSH", "mylist", data]) },
    ...LRANGES.map((count) => ({
      title: `LRANGE_${count} (first ${count} elements)`,
      names: ["lrange", `lrange_${count}`],
      request: encodeWords(["LRANGE", "mylist", "0", String(count - 1)]),
    })),
    {
      title: "MSET (10 keys)",
      names: ["mset"],
      request: encodeWords(["MSET", ...Array.from({ length: 10 }, () => ["key:__rand_int__", data]).flat()]),
    },
    test("xadd", "XADD", "mystream", "*", "myfield", data),
  ];
}

/** Letters, digits and signs that are the same in each run. */
export function sampleData(bytes: number): string {
  const data = Buffer.allocUnsafe(bytes);
  let state = 1234;
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    data[index] = 0x30 + ((state >>> 16) & 63);
  }
  return data.latin1Slice();
}
