import { describe, expect, test } from "bun:test";
import { everyKind, send } from "../../aof/support.ts";
import { type Source, type SourceName, startSource, urlOf, wantOf } from "../../follow/support.ts";
import { replyText } from "../../support/client.ts";
import { CuttingProxy } from "../../support/cutting-proxy.ts";
import { expectNumbers, Move, Writer } from "./support.ts";

const PAIRS: readonly (readonly [from: SourceName, to: SourceName])[] = [
  ["redis", "ours"],
  ["ours", "redis"],
  ["redis8", "valkey9"],
  ["valkey9", "ours"],
  ["ours", "ours"],
];
/** Those that have times of fields. */
const FIELD_TIMES: readonly SourceName[] = ["ours", "redis8", "valkey9"];
const LIBRARY = "#!lua name=lib\nredis.register_function('one', function() return 1 end)";

async function fill({ client }: Source, fieldTimes: boolean): Promise<void> {
  await send(client, everyKind(600));
  await client.command("FUNCTION", "LOAD", LIBRARY);
  if (fieldTimes) {
    await client.command("HSET", "with times", "a", 1, "b", 2);
    await client.command("HPEXPIREAT", "with times", 4_000_000_000_000, "FIELDS", 1, "a");
  }
}

describe.each(PAIRS)("a move from %s to %s", (from, to) => {
  const want = wantOf(from) || wantOf(to);

  test.skipIf(want !== "")(`while clients write loses, repeats and exchanges nothing${want}`, async () => {
    await using source = await startSource(from);
    await using target = await startSource(to);
    const fieldTimes = FIELD_TIMES.includes(from) && FIELD_TIMES.includes(to);
    await fill(source, fieldTimes);
    await using writer = await Writer.start(source.port);
    const move = new Move(["--pause-source", "60", `127.0.0.1:${source.port}`, urlOf(target)]);
    expect(await move.code.then((code) => [code, move.complaints.replace(/.* does not know .*\n/, "")])).toEqual([0, ""]);
    expect(move.names()).toEqual(["begins", "image", "caught-up", "compared", "paused", "switch"]);
    const { done } = writer;
    await expectNumbers(target.client, done);
    expect(done).toBeGreaterThan(10);
    expect(replyText(await target.client.command("FCALL", "one", 0))).toBe("1");
    expect(replyText(await target.client.command("PEXPIRETIME", "mortal"))).toBe("4000000000123");
    expect(replyText(await target.client.command("EXISTS", "replicant:move:position"))).toBe("0");
    if (fieldTimes)
      expect((await target.client.command("HPEXPIRETIME", "with times", "FIELDS", 2, "a", "b")).toString()).toBe(
        "*2\r\n:4000000000000\r\n:-1\r\n",
      );
    await source.client.command("CLIENT", "UNPAUSE");
    await writer.stop();
  });

  test.skipIf(want !== "")(`goes on behind what is there when either connection breaks, at whatever byte${want}`, async () => {
    await using source = await startSource(from, { "repl-backlog-size": "100mb" });
    await using target = await startSource(to);
    await fill(source, false);
    const random = (most: number): number => Math.floor(Math.random() * most);
    await using near = await CuttingProxy.start(source.port, [
      null,
      random(20_000),
      null,
      30_000 + random(90_000),
      null,
      400 + random(9000),
      null,
      2000 + random(20_000),
    ]);
    await using far = await CuttingProxy.start(target.port, [
      20_000 + random(5000),
      10_000 + random(2000),
      200 + random(9000),
      12_000 + random(20_000),
    ]);
    await using writer = await Writer.start(source.port);
    const move = new Move(["--verify", "none", `127.0.0.1:${near.port}`, `127.0.0.1:${far.port}`]);
    await move.reaches("caught-up");
    for (let round = 0; round < 6; round++) {
      (round % 2 === 0 ? near : far).cut();
      await Bun.sleep(random(150));
    }
    const done = await writer.stop();
    expect(await move.stop()).toBe(4);
    const again = new Move(["--until", "caught-up", `127.0.0.1:${source.port}`, `127.0.0.1:${target.port}`]);
    expect(await again.code.then((code) => [code, again.differences(), again.complaints.replace(/.* does not know .*\n/, "")])).toEqual([
      0,
      [],
      "",
    ]);
    expect(again.names()).toEqual(["begins", "goes-on", "caught-up", "compared"]);
    await expectNumbers(target.client, done);
  });
});
