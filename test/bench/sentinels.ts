/** How long a client is without a master: from the kill of one under three Sentinels to the first write that its successor takes. */
import { Watched } from "../support/sentinels.ts";
import { alternate, type Contender, type Contenders } from "./servers.ts";
import { gainCell, median, section } from "./table.ts";

/** -> a Markdown section. */
export async function benchSentinels(contenders: Contenders, rounds: number, log: (line: string) => void): Promise<string> {
  const samples = await alternate(contenders, rounds, async (contender) => {
    const ms = await timeFailover(contender);
    log(`${contender.name}: ${ms.toFixed(0)} ms`);
    return ms;
  });
  const cell = (of: (values: readonly number[]) => number): string => gainCell(of(samples.ours), of(samples.redis), "ms");
  const about =
    `Three Sentinels, a master and two replicas of one kind, down-after-milliseconds 1000: from the kill of the master until the one that ` +
    `a Sentinel names has taken a write. ${rounds} alternating rounds. How many times as fast as Redis; in brackets ours / Redis.`;
  const row = [cell(median), cell((values) => Math.min(...values)), cell((values) => Math.max(...values))];
  return section("Failover by Sentinels", about, ["median", "fastest", "slowest"], [row]);
}

async function timeFailover({ command }: Contender): Promise<number> {
  await using watched = await Watched.start([command, command, command]);
  const { master, nodes } = watched;
  await master.kill();
  const began = performance.now();
  for (;;) {
    const port = await watched.told();
    const node = nodes.find((each) => each.port === port && each !== master);
    const reply = node === undefined ? "" : await node.text("SET", "after", "1").catch(() => "");
    if (reply === "OK") return performance.now() - began;
    await Bun.sleep(5);
  }
}
