/** CLIENT REPLY: what a client hears that wants no replies, byte by byte as from Redis. */

import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const HELLO_3 = "HELLO 3\r\n";

/** Scripts of requests as they are typed, all of it sent at once. */
const CASES: Record<string, readonly string[]> = {
  "subscriptions are confirmed though replies are off": ["CLIENT REPLY OFF", "SUBSCRIBE a b", "PING", "UNSUBSCRIBE a", "UNSUBSCRIBE b"],
  "patterns likewise": ["CLIENT REPLY OFF", "PSUBSCRIBE a* b*", "PUNSUBSCRIBE a*", "PUNSUBSCRIBE", "PUNSUBSCRIBE"],
  "channels of shards likewise": ["CLIENT REPLY OFF", "SSUBSCRIBE a b", "SUNSUBSCRIBE a", "SUNSUBSCRIBE", "SUNSUBSCRIBE"],
  "SKIP skips no confirmation": ["CLIENT REPLY SKIP", "SUBSCRIBE a b", "PING"],
  "in a transaction too": ["MULTI", "ECHO 1", "CLIENT REPLY OFF", "ECHO 2", "SUBSCRIBE a b", "ECHO 3", "UNSUBSCRIBE a", "EXEC", "ECHO 4"],
  "an empty line is what SKIP skips": ["CLIENT REPLY SKIP", "", "ECHO 1", "ECHO 2"],
  "a line of blanks likewise": ["CLIENT REPLY SKIP", "   ", "ECHO 1", "ECHO 2"],
  "a request of no words likewise": ["CLIENT REPLY SKIP", "*0", "ECHO 1", "CLIENT REPLY SKIP", "*-1", "ECHO 2"],
  "an empty line before it changes nothing": ["", "ECHO 1", "", "CLIENT REPLY SKIP", "ECHO 2", "", "ECHO 3"],
  "OFF outlasts empty lines": ["CLIENT REPLY OFF", "", "", "ECHO 1", "CLIENT REPLY ON", "ECHO 2"],
  "OFF in a transaction holds for the rest of it": [
    "MULTI",
    "ECHO 1",
    "CLIENT REPLY OFF",
    "ECHO 2",
    "EXEC",
    "ECHO 3",
    "CLIENT REPLY ON",
    "ECHO 4",
  ],
  "ON in a transaction likewise": ["CLIENT REPLY OFF", "MULTI", "ECHO 1", "CLIENT REPLY ON", "ECHO 2", "EXEC", "ECHO 3"],
  "OFF and ON in one": ["MULTI", "ECHO 1", "CLIENT REPLY OFF", "ECHO 2", "CLIENT REPLY ON", "ECHO 3", "EXEC", "ECHO 4"],
  "SKIP in a transaction is of what comes behind it": ["MULTI", "ECHO 1", "CLIENT REPLY SKIP", "ECHO 2", "EXEC", "ECHO 3", "ECHO 4"],
  "SKIP before OFF and ON in a transaction": [
    "MULTI",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY OFF",
    "CLIENT REPLY ON",
    "EXEC",
    "ECHO 1",
    "ECHO 2",
  ],
  "SKIP of MULTI": ["CLIENT REPLY SKIP", "MULTI", "ECHO 1", "EXEC", "ECHO 2"],
  "RESET in a transaction": ["CLIENT REPLY OFF", "MULTI", "ECHO 1", "RESET", "ECHO 2"],
  "RESET with subscriptions": ["CLIENT REPLY OFF", "SUBSCRIBE a", "RESET", "ECHO 1"],
  "SKIP of what blocks": ["CLIENT REPLY SKIP", "BLPOP nokey 0.01", "ECHO 1"],
  "OFF and what blocks": ["CLIENT REPLY OFF", "BLPOP nokey 0.01", "ECHO 1", "CLIENT REPLY ON", "ECHO 2"],
  "SSUBSCRIBE is not for transactions": ["MULTI", "SSUBSCRIBE a", "PSUBSCRIBE a", "EXEC"],
};

describeWithRedis("CLIENT REPLY, beside Redis", () => {
  const both = useComparison();

  /** All that a client hears of it until it is disconnected. */
  async function heard(port: number, script: string): Promise<string> {
    const client = await connect(port);
    client.send(`${script}RESET\r\nQUIT\r\n`);
    await client.closed;
    return client.unread().toString("latin1");
  }

  for (const protocol of [2, 3]) {
    for (const [name, lines] of Object.entries(CASES)) {
      test(`${name}, RESP${protocol}`, async () => {
        const script = lines.map((line) => `${line}\r\n`).join("");
        const [mine, theirs] = await Promise.all(
          [both().ours.port, both().redis.port].map((port) => heard(port, (protocol === 3 ? HELLO_3 : "") + script)),
        );
        // What HELLO tells of the server.
        const ofScript = (text: string): string => text.replace(/^%7\r\n[\s\S]*?modules\r\n\*0\r\n/, "");
        expect(ofScript(mine)).toBe(ofScript(theirs));
      });
    }
  }

  test("a client that wants no replies and quits is served no more, and stays until it goes or is sent something", async () => {
    for (const port of [both().ours.port, both().redis.port]) {
      const control = await connect(port);
      for (const word of ["OFF", "SKIP"]) {
        await control.command("DEL", "behind");
        const client = await connect(port);
        client.send("HELLO 3 SETNAME quitter\r\nSUBSCRIBE news\r\nECHO start\r\n");
        while ((await client.readLine()).toString() !== "start\r\n") {}
        client.send(`CLIENT REPLY ${word}\r\nQUIT\r\nSET behind it\r\n`);
        await control.command("PING");
        const listed = async (): Promise<string> => (await control.command("CLIENT", "LIST")).toString("latin1");
        while (!/name=quitter [^\n]*flags=Pc/.test(await listed())) await control.command("PING");
        expect((await control.command("GET", "behind")).toString()).toBe("$-1\r\n");
        await control.command("PUBLISH", "news", "x");
        await client.closed;
        expect(client.unread().toString()).toBe("");
      }
      control.close();
    }
  });
});

// Redis 7.2 sends a client's own message behind its answer, 7.0 before it.
test("what a client publishes to itself comes where its answer would have been", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const message = (text: string): string => `>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n${text}\r\n`;
  client.send("HELLO 3\r\nSUBSCRIBE a\r\nECHO start\r\n");
  while ((await client.readLine()).toString() !== "start\r\n") {}
  client.send("CLIENT REPLY SKIP\r\nPUBLISH a 1\r\nPING\r\nCLIENT REPLY OFF\r\nPUBLISH a 2\r\nPING\r\nCLIENT REPLY ON\r\n");
  client.send("MULTI\r\nPUBLISH a 3\r\nCLIENT REPLY OFF\r\nPUBLISH a 4\r\nEXEC\r\nRESET\r\nQUIT\r\n");
  await client.closed;
  expect(client.unread().toString()).toBe(
    `${message("1")}+PONG\r\n${message("2")}+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n${message("3")}${message("4")}+RESET\r\n+OK\r\n`,
  );
});
