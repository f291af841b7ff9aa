/** What random commands once found, said plainly. */
import { test } from "bun:test";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";

const FOUND: Readonly<Record<string, readonly Request[]>> = {
  "times beyond 2^53 ms outlive the file to the last digit": [
    ["SET", "k", "v"],
    ["PEXPIREAT", "k", "9223372036854775807"],
    ["RPUSH", "l", "a"],
    ["PEXPIREAT", "l", "9007199254740993"],
    ["DEBUG", "RELOAD"],
    ["PEXPIRETIME", "k"],
    ["PEXPIRETIME", "l"],
  ],
  "SWAPDB reads both numbers before it looks for databases": [
    ["SWAPDB", "-1", "x"],
    ["SWAPDB", "x", "y"],
    ["SWAPDB", "-1", "0"],
    ["SWAPDB", "0", "16"],
  ],
};

describeWithRedis("found by random commands:", () => {
  const comparison = useComparison();
  for (const [name, conversation] of Object.entries(FOUND)) test(name, () => comparison().compare([conversation]));
});
