/**
 * Kills a server again and again while several clients write, and starts it anew over what it left. With appendfsync always nothing that
 * was acknowledged is lost, no transaction is torn, nothing is applied that was not sent, rewrites under way or not. The test kills a few
 * times; REPLICANT_KILLS=1000 kills as often.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeCommand, type RawClient } from "../support/client.ts";
import { TEST_LIMIT_MS } from "../support/limits.ts";
import { startServer } from "../support/process.ts";
import { Random } from "../support/property.ts";
import { Directory } from "./support.ts";

const KILLS = Number(process.env.REPLICANT_KILLS ?? 4);
const WRITERS = 4;
const MAIN = join(import.meta.dir, "../../src/main.ts");
/** Replies of one unit: MULTI, three times QUEUED, EXEC. */
const UNIT_REPLIES = 5;

/** Writes units, numbered from where the data stands, until its connection is gone: `{name}:a` and `{name}:b` count them, a list has each. */
class Writer {
  sent: number;
  acknowledged: number;
  private readonly name: string;

  constructor(name: string, from: number) {
    this.name = name;
    this.sent = from;
    this.acknowledged = from;
  }

  async write(client: RawClient, depth: number): Promise<void> {
    try {
      for (;;) {
        while (this.sent - this.acknowledged < depth) client.send(this.unit(++this.sent));
        for (let reply = 0; reply < UNIT_REPLIES; reply++) await client.readReply();
        this.acknowledged++;
      }
    } catch {
      // The server is gone.
    }
  }

  private unit(number: number): Buffer {
    const commands = [["MULTI"], ["INCR", `${this.name}:a`], ["RPUSH", `${this.name}:list`, number], ["INCR", `${this.name}:b`], ["EXEC"]];
    return Buffer.concat(commands.map((words) => encodeCommand(words)));
  }
}

async function play(): Promise<void> {
  using directory = new Directory();
  const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const random = new Random(seed);
  const args = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-min-size", "100kb"];
  const names = Array.from({ length: WRITERS }, (_, index) => `writer${index}`);
  let writers = names.map((name) => new Writer(name, 0));
  let acknowledged = 0;
  for (let kill = 0; kill <= KILLS; kill++) {
    await using server = await startServer(["bun", "run", MAIN], { dir: directory.path, args });
    const client = await server.connect();
    for (const [index, writer] of writers.entries()) {
      const name = names[index];
      const kept = Number(await client.text("EVAL", "return redis.call('get', KEYS[1]) or '0'", 1, `${name}:a`));
      const about = `PROPERTY_SEED=${seed}, kill ${kill}, ${name}: ${writer.acknowledged} acknowledged, ${writer.sent} sent`;
      expect({ about, lost: Math.max(0, writer.acknowledged - kept), made: Math.max(0, kept - writer.sent) }).toEqual({
        about,
        lost: 0,
        made: 0,
      });
      expect({ about, b: await client.text("EVAL", "return redis.call('get', KEYS[1]) or '0'", 1, `${name}:b`) }).toEqual({
        about,
        b: String(kept),
      });
      const wrong = "for i, v in ipairs(redis.call('lrange', KEYS[1], 0, -1)) do if tonumber(v) ~= i then return 'no ' .. i end end";
      expect(await client.text("EVAL", `${wrong} return tostring(redis.call('llen', KEYS[1]))`, 1, `${name}:list`)).toBe(String(kept));
      acknowledged += writer.acknowledged;
    }
    client.close();
    if (kill === KILLS) break;
    writers = await Promise.all(
      names.map(async (name) => {
        const reading = await server.connect();
        const [from] = [await reading.text("EVAL", "return redis.call('get', KEYS[1]) or '0'", 1, `${name}:a`)];
        reading.close();
        return new Writer(name, Number(from));
      }),
    );
    const clients = await Promise.all(names.map(() => server.connect()));
    const depth = random.between(1, 12);
    const writing = writers.map((writer, index) => writer.write(clients[index], depth));
    // Somewhere in the middle of the work: behind so many acknowledged units, at a moment of its own.
    const enough = writers[0].acknowledged + random.between(1, 40);
    while (writers[0].acknowledged < enough) await Bun.sleep(0);
    await Bun.sleep(random.below(5));
    server.kill("SIGKILL");
    await Promise.all(writing);
    for (const each of clients) each.close();
    await server.stop("SIGKILL");
  }
  expect(acknowledged).toBeGreaterThan(KILLS);
}

test(
  `${KILLS} kills lose nothing that was acknowledged, and tear nothing (REPLICANT_KILLS=n: so many)`,
  play,
  TEST_LIMIT_MS + KILLS * 5000,
);
