/** SCRIPT: compared with Redis, byte for byte. */
import { expect, test } from "bun:test";
import { connect } from "../../support/client.ts";
import { useComparison } from "../../support/compare.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";

describeWithRedis("SCRIPT", () => {
  const comparison = useComparison();

  test("LOAD, EXISTS and FLUSH", async () => {
    await comparison().compare([
      [
        ["SCRIPT", "FLUSH"],
        ["SCRIPT", "LOAD", "return 1"],
        ["SCRIPT", "LOAD", "return 1"],
        ["SCRIPT", "LOAD", ""],
        ["SCRIPT", "LOAD", "return ("],
        ["SCRIPT", "LOAD"],
        ["SCRIPT", "LOAD", "a", "b"],
        ["SCRIPT", "EXISTS"],
        ["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "x"],
        ["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0],
        ["SCRIPT", "FLUSH", "SYNC"],
        ["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
        ["SCRIPT", "FLUSH", "async"],
        ["SCRIPT", "FLUSH", "later"],
        ["SCRIPT", "FLUSH", "SYNC", "SYNC"],
        ["MULTI"],
        ["SCRIPT", "LOAD", "return 2"],
        ["SCRIPT", "FLUSH"],
        ["EXEC"],
      ],
    ]);
  });

  test("KILL without a script, and what is no subcommand", async () => {
    await comparison().compare([
      [
        ["SCRIPT", "KILL"],
        ["SCRIPT", "KILL", "x"],
        ["SCRIPT"],
        ["SCRIPT", "NONESUCH"],
        ["SCRIPT", "DEBUG"],
        ["SCRIPT", "DEBUG", "MAYBE"],
        ["SCRIPT", "DEBUG", "NO"],
      ],
    ]);
  });
});

test("SCRIPT DEBUG says that there is no debugger", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const refusal = "-ERR SCRIPT DEBUG is not supported: this server has no debugger for scripts\r\n";
  for (const mode of ["YES", "sync"]) expect((await client.command("SCRIPT", "DEBUG", mode)).toString()).toBe(refusal);
  expect((await client.command("SCRIPT", "HELP")).toString()).toContain("LOAD <script>");
  client.close();
});
