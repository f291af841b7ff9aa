/** What is not there, modules and clusters, is answered as by a Redis that has none; protected commands are refused as it refuses them. */
import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { decode, itemsOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";

describeWithRedis("commands of modules and clusters beside Redis's", () => {
  const both = useComparison();

  const MODULE: readonly Request[] = [
    ["MODULE"],
    ["MODULE", "NOSUCH"],
    ["MODULE", "LIST"],
    ["MODULE", "LIST", "x"],
    ["MODULE", "LOAD"],
    ["MODULE", "LOAD", "/nosuch.so", "x"],
    ["MODULE", "LOADEX", "/nosuch.so", "CONFIG", "a", "b"],
    ["MODULE", "UNLOAD", "nosuch"],
    ["MODULE", "HELP", "x"],
    ["MULTI"],
    ["MODULE", "LIST"],
    ["MODULE", "LOAD", "x"],
    ["EXEC"],
  ];
  for (const protocol of [2, 3] as const) {
    test(`MODULE lists none and loads none, RESP${protocol}`, () => both().compare([MODULE], { protocol }));
  }

  test("every command of a cluster's node says that there is none", async () => {
    const client = await connect(both().redis.port);
    const [info] = itemsOf(decode(await client.command("COMMAND", "INFO", "cluster")));
    client.close();
    const subcommands = itemsOf(itemsOf(info)[9]).map((entry) => itemsOf(entry).slice(0, 2).map(textOf));
    expect(subcommands.length).toBeGreaterThan(25);
    const requests = subcommands.map(([name, arity]): Request => {
      const count = Math.abs(Number(arity));
      return ["CLUSTER", String(name).split("|")[1], ...Array<string>(count - 2).fill("0")];
    });
    await both().compare([
      requests,
      requests.map((request) => [...request, "x"]),
      [["CLUSTER"], ["CLUSTER", "NOSUCH"], ["ASKING"], ["READONLY"], ["READWRITE"], ["READONLY", "x"]],
      [["MULTI"], ["CLUSTER", "INFO"], ["READONLY"], ["EXEC"]],
    ]);
  });
});

describeWithRedis("commands that a directive protects", () => {
  for (const allowed of ["no", "local", "yes"]) {
    const both = useComparison({ "enable-module-command": allowed, "enable-debug-command": allowed });
    test(`are refused before anything else, or not: ${allowed}`, () =>
      both().compare([
        [
          ["MODULE", "LOAD", "/nosuch.so"],
          ["MODULE", "UNLOAD", "nosuch"],
          ["MODULE", "LIST"],
          ["DEBUG", "SLEEP", "0"],
          ["DEBUG"],
          ["MULTI"],
          ["DEBUG", "SLEEP", "0"],
          ["EXEC"],
          ["EVAL", "return redis.call('debug', 'sleep', '0')", "0"],
        ],
      ]));
  }
});
