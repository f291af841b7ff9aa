/** What commands leave behind besides their replies: the stream that replicas read, and keyspace events; of a real Redis and of a server of ours. */
import { connect, encodeCommand, type RawClient, type Word } from "./client.ts";
import type { Comparison } from "./compare.ts";

export interface Effects {
  /** Commands as a replica reads them, words joined by spaces; SELECT and PING left out. */
  readonly stream: readonly string[];
  /** `event key@database`, in order. */
  readonly events: readonly string[];
}

/** What is done on a server: requests of one client, or (what takes several) whatever is done on the server at a port. */
export type Deeds = readonly (readonly Word[])[] | ((port: number) => Promise<unknown>);

/** Does the same on empty databases of both; -> what came of it. Times of 13 digits become `<time>`. */
export async function effectsOf(comparison: Comparison, deeds: Deeds): Promise<{ ours: Effects; theirs: Effects }> {
  return { ours: await ourEffects(comparison, deeds), theirs: await redisEffects(comparison, deeds) };
}

async function perform(deeds: Deeds, port: number): Promise<void> {
  if (typeof deeds === "function") {
    await deeds(port);
    return;
  }
  const client = await connect(port);
  for (const request of deeds) await client.command(...request);
  client.close();
}

/** Does it on empty databases of a server of ours only; -> what came of it. */
export async function ourEffects({ ours }: Pick<Comparison, "ours">, deeds: Deeds): Promise<Effects> {
  const { journal, keyspace } = ours.server;
  keyspace.clear({ sync: true });
  const events: string[] = [];
  const { eventClasses, publishEvent } = keyspace;
  keyspace.eventClasses = -1;
  keyspace.publishEvent = (_, name, key, database) => events.push(`${name} ${key.toString("latin1")}@${database}`);
  journal.start();
  journal.forgetSelected();
  const cursor = journal.open(journal.offset);
  await perform(deeds, ours.port);
  const parts: Buffer[] = [];
  journal.read(cursor, (bytes, from, to) => {
    parts.push(Buffer.from(bytes.subarray(from, to)));
    return to - from;
  });
  journal.close(cursor);
  keyspace.eventClasses = eventClasses;
  keyspace.publishEvent = publishEvent;
  return { stream: commandsIn(Buffer.concat(parts)), events };
}

async function redisEffects({ redis }: Comparison, deeds: Deeds): Promise<Effects> {
  const client = await redis.connect();
  await client.command("FLUSHALL");
  await client.command("CONFIG", "SET", "notify-keyspace-events", "KEAnm");
  const listener = await redis.connect();
  await listener.command("PSUBSCRIBE", "__keyevent@*");
  const replica = await synchronized(await redis.connect());
  await perform(deeds, redis.port);
  await client.command("PUBLISH", "__keyevent@0__:end", "end");
  const events: string[] = [];
  for (;;) {
    const words = wordsIn(await listener.readReply());
    const [, database, name] = /@(\d+)__:(.*)$/.exec(words[2]) ?? [];
    if (name === "end") break;
    events.push(`${name} ${words[3]}@${database}`);
  }
  const parts: Buffer[] = [];
  while (parts.at(-1)?.includes("PUBLISH") !== true) parts.push(await replica.readReply());
  parts.pop();
  for (const each of [client, listener, replica]) each.close();
  return { stream: commandsIn(Buffer.concat(parts)), events };
}

/** Makes the connection a replica's whose full synchronisation is done. */
async function synchronized(replica: RawClient): Promise<RawClient> {
  replica.send(encodeCommand(["PSYNC", "?", "-1"]));
  let header = "\n";
  while (!header.startsWith("$")) header = (await replica.readLine()).toString("latin1");
  await replica.readBytes(Number(header.slice(1)));
  return replica;
}

function commandsIn(stream: Buffer): string[] {
  const commands: string[] = [];
  const text = stream.toString("latin1");
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\r\n", at);
    let words = Number(text.slice(at + 1, end));
    at = end + 2;
    const command: string[] = [];
    for (; words > 0; words--) {
      const line = text.indexOf("\r\n", at);
      const length = Number(text.slice(at + 1, line));
      command.push(text.slice(line + 2, line + 2 + length));
      at = line + 4 + length;
    }
    if (command[0] !== "SELECT" && command[0].toUpperCase() !== "PING") commands.push(command.join(" ").replace(/\b\d{13}\b/g, "<time>"));
  }
  return commands;
}

function wordsIn(reply: Buffer): string[] {
  return [...reply.toString("latin1").matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, text]) => text);
}
