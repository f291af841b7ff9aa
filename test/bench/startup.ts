/** Start-up: from the spawn of the executable to the first answered PING. */
import { alternate, type Contenders, start } from "./servers.ts";
import { median, ratioCell, section } from "./table.ts";

const STARTS = 15;

/** -> a Markdown section with the median of 15 starts each. */
export async function benchStartup(contenders: Contenders): Promise<string> {
  const samples = await alternate(contenders, STARTS, async (contender) => {
    await using server = await start(contender, { pollMs: 1 });
    return server.startMs;
  });
  const row = (name: string, of: (values: readonly number[]) => number): string[] => [
    name,
    ratioCell(of(samples.ours), of(samples.redis), "ms"),
  ];
  const rows = [row("median", median), row("fastest", (values) => Math.min(...values)), row("slowest", (values) => Math.max(...values))];
  const about = `From the spawn of the executable to the first answered PING, ${STARTS} starts each. Below 1 is less than Redis.`;
  return section("Start-up", about, ["of the starts", "ours/Redis (ours / Redis)"], rows);
}
