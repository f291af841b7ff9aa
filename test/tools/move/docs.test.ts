import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { everyKind, send } from "../../aof/support.ts";
import { Ours, startReal } from "../../replication/support.ts";
import { replyText } from "../../support/client.ts";
import { testWithRedis } from "../../support/redis.ts";

const ROOT = join(import.meta.dir, "../../..");

testWithRedis("the day of the move in docs/moving.md is as it says", async () => {
  await using from = await startReal();
  await using to = await Ours.start();
  await send(from.client, everyKind(50));
  const text = readFileSync(join(ROOT, "docs/moving.md"), "utf8");
  const blocks = [...text.matchAll(/```sh\n# day-of-the-move\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(blocks.length).toBe(2);
  const script = blocks
    .join("")
    .replaceAll("old.example:6379", `127.0.0.1:${from.port}`)
    .replaceAll("new.example:6379", `127.0.0.1:${to.port}`);
  const replicant = `replicant() { "${process.execPath}" "${join(ROOT, "src/main.ts")}" "$@"; }`;
  const shell = Bun.spawn(["bash", "-ec", `${replicant}\n${script}`], { stdout: "pipe", stderr: "pipe" });
  const [said, complaints, code] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
  expect([code, complaints.replace(/.* does not know .*\n/g, "")]).toEqual([0, ""]);
  const shape = (lines: string): string => lines.replace(/\d[\d.]*/g, "N").replace(/old\.example|new\.example/g, "N");
  const [, shown = ""] = /behind, in bytes and in seconds:\n\n```\n([\s\S]*?)```/.exec(text) ?? [];
  expect(shape(said)).toEndWith(shape(shown));
  expect(replyText(await to.client.command("GET", "text"))).toBe("value");
});
