/**
 * Plays with several clients, some of whom block: a script that runs on a server of ours and on a real Redis, and what each client
 * received, in order, to be compared. Nothing is timed: a client that blocks is waited for by asking the server (INFO) how many are blocked, as
 * Redis's own tests do.
 */

import { expect } from "bun:test";
import { connect, encodeCommand, type RawClient, replyText, type Word } from "./client.ts";
import type { Comparison } from "./compare.ts";
import { PATIENCE_MS } from "./limits.ts";

export class Stage implements AsyncDisposable {
  readonly port: number;
  /** `client: reply` in the order in which the script asked for replies. */
  readonly heard: string[] = [];
  private readonly observer: RawClient;
  private readonly clients = new Map<string, RawClient>();
  private blocked = 0;

  private constructor(port: number, observer: RawClient) {
    this.port = port;
    this.observer = observer;
  }

  static async open(port: number): Promise<Stage> {
    const observer = await connect(port);
    await observer.command("FLUSHALL");
    return new Stage(port, observer);
  }

  /** The connection of this name, made when it is first asked for. */
  async client(name: string): Promise<RawClient> {
    let client = this.clients.get(name);
    if (client === undefined) {
      client = await connect(this.port);
      this.clients.set(name, client);
    }
    return client;
  }

  /** Sends a request and notes the answer. */
  async says(name: string, ...words: Word[]): Promise<string> {
    const reply = (await (await this.client(name)).command(...words)).toString("latin1");
    this.heard.push(`${name}: ${reply}`);
    return reply;
  }

  /** Sends requests in one piece, and notes the answers. */
  async sends(name: string, ...requests: (readonly Word[])[]): Promise<void> {
    const replies = await (await this.client(name)).pipeline(requests);
    for (const reply of replies) this.heard.push(`${name}: ${reply.toString("latin1")}`);
  }

  /** Sends requests of which the last one blocks, and waits until it does. */
  async blocks(name: string, ...requests: (readonly Word[])[]): Promise<void> {
    (await this.client(name)).send(Buffer.concat(requests.map(encodeCommand)));
    await this.blockedAre(this.blocked + 1);
  }

  /** Sends requests and waits for nothing. */
  async mutters(name: string, ...requests: (readonly Word[])[]): Promise<void> {
    (await this.client(name)).send(Buffer.concat(requests.map(encodeCommand)));
  }

  /** Waits until so many clients are blocked. */
  async blockedAre(count: number): Promise<void> {
    await this.info("clients", "blocked_clients", String(count));
    this.blocked = count;
  }

  /** Notes the next answers of clients that were blocked, `names` one after the other. */
  async hears(...names: string[]): Promise<void> {
    for (const name of names) {
      const reply = await (await this.client(name)).readReply();
      this.heard.push(`${name}: ${reply.toString("latin1")}`);
    }
    await this.blockedAre(this.blocked - new Set(names).size);
  }

  /** Notes further answers of clients that were not blocked. */
  async reads(...names: string[]): Promise<void> {
    for (const name of names) this.heard.push(`${name}: ${(await (await this.client(name)).readReply()).toString("latin1")}`);
  }

  /** Waits until a field of INFO has this value. */
  async info(section: string, field: string, value: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const info = replyText(await this.observer.command("INFO", section));
      const found = new RegExp(`^${field}:(.*?)\r?$`, "m").exec(info)?.[1];
      if (found === value) return;
      if (Date.now() > deadline)
        throw new Error(`waited in vain for ${field}:${value}, it is ${found}; heard so far: ${this.heard.join("")}`);
      await Bun.sleep(1);
    }
  }

  /** What INFO says in this field is noted. */
  async notes(section: string, field: string): Promise<void> {
    const info = replyText(await this.observer.command("INFO", section));
    this.heard.push(`${field}: ${new RegExp(`^${field}:(.*?)\r?$`, "m").exec(info)?.[1]}`);
  }

  /** How often a command was called, refused and in error is noted, as INFO puts it, without the times it took. */
  async calls(command: string): Promise<void> {
    const info = replyText(await this.observer.command("INFO", "commandstats"));
    const line = new RegExp(`^cmdstat_${command}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
    const fields = line.split(",").filter((field) => !field.startsWith("usec"));
    this.heard.push(`cmdstat_${command}: ${fields.join(", ")}`);
  }

  /** The client's number on its server. */
  async idOf(name: string): Promise<string> {
    return replyText(await (await this.client(name)).command("CLIENT", "ID"));
  }

  /** The client leaves. */
  async leaves(name: string): Promise<void> {
    (await this.client(name)).close();
    this.clients.delete(name);
  }

  /** Fails when anybody has received what the script did not ask for. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, client] of this.clients) {
      const unread = client.unread().toString("latin1");
      if (unread !== "") this.heard.push(`${name}, unasked: ${unread}`);
      client.close();
    }
    this.observer.close();
  }
}

/** Runs the script on both servers and expects that everybody hears the same. */
export async function playBoth(comparison: Comparison, script: (stage: Stage) => Promise<void>): Promise<void> {
  const [ours, theirs] = await Promise.all([play(comparison.ours.port, script), play(comparison.redis.port, script)]);
  expect(ours).toEqual(theirs);
}

/** -> what was heard. Everybody who was blocked is gone when it returns. */
export async function play(port: number, script: (stage: Stage) => Promise<void>): Promise<string[]> {
  const stage = await Stage.open(port);
  try {
    await script(stage);
  } finally {
    await stage[Symbol.asyncDispose]();
  }
  const last = await Stage.open(port);
  await last.blockedAre(0);
  await last[Symbol.asyncDispose]();
  return stage.heard;
}
