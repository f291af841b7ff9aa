/** Publish and subscribe. Subscribing answers with one push message for each name; so does unsubscribing, and with one for nothing when there was nothing. */

import { commandError } from "../../errors.ts";
import { arg, type Command, command, container, type KeySpec } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { PubSub, Topic } from "../../session/pubsub.ts";
import { replyHelp } from "../arguments/help.ts";

/** Shard channels are found like keys, so that a cluster knows where they belong. */
function shardChannels(lastKey: number): KeySpec[] {
  return [{ flags: ["not_key"], begin: { index: 1 }, find: { lastKey, step: 1, limit: 0 } }];
}

interface Listening {
  readonly topic: Topic;
  readonly since: string;
  /** What the names are called in the documentation. */
  readonly argument: "channel" | "pattern" | "shardchannel";
  readonly what: string;
}

const CHANNELS: Listening = { topic: Topic.CHANNEL, since: "2.0.0", argument: "channel", what: "channels" };
const PATTERNS: Listening = { topic: Topic.PATTERN, since: "2.0.0", argument: "pattern", what: "channels whose names match patterns" };
const SHARDS: Listening = { topic: Topic.SHARD, since: "7.0.0", argument: "shardchannel", what: "channels of a shard" };

export const subscribe = subscribing("subscribe", CHANNELS);
export const psubscribe = subscribing("psubscribe", PATTERNS);
export const ssubscribe = subscribing("ssubscribe", SHARDS);
export const unsubscribe = unsubscribing("unsubscribe", CHANNELS);
export const punsubscribe = unsubscribing("punsubscribe", PATTERNS);
export const sunsubscribe = unsubscribing("sunsubscribe", SHARDS);

function subscribing(name: string, { topic, since, argument, what }: Listening): Command {
  return command(
    {
      name,
      arity: -2,
      group: "pubsub",
      since,
      flags: ["pubsub", "noscript", "loading", "stale"],
      keys: topic === Topic.SHARD ? shardChannels(-1) : [],
      summary: `Listens to ${what}`,
      complexity: "O(N), N being the number of names",
      arguments: [arg(argument === "pattern" ? "pattern" : "string", argument, { multiple: true })],
    },
    (ctx) => {
      const { pubsub } = ctx.host;
      for (let index = 1; index < ctx.count; index++) {
        pubsub.subscribe(ctx.session, topic, ctx.text(index));
        confirm(ctx, name, topic, ctx.bytes(index));
      }
    },
  );
}

function unsubscribing(name: string, { topic, since, argument, what }: Listening): Command {
  return command(
    {
      name,
      arity: -1,
      group: "pubsub",
      since,
      flags: ["pubsub", "noscript", "loading", "stale"],
      keys: topic === Topic.SHARD ? shardChannels(-1) : [],
      summary: `Listens no longer to ${what}: to those named, or to all`,
      complexity: "O(N), N being the number of names",
      arguments: [arg(argument === "pattern" ? "pattern" : "string", argument, { optional: true, multiple: true })],
    },
    (ctx) => {
      const { pubsub } = ctx.host;
      const named = Array.from({ length: ctx.count - 1 }, (_, index) => ctx.text(index + 1));
      const names = ctx.count > 1 ? named : [...PubSub.of(ctx.session).names[topic]];
      for (const word of names) {
        pubsub.unsubscribe(ctx.session, topic, word);
        confirm(ctx, name, topic, Buffer.from(word, "latin1"));
      }
      if (names.length === 0) confirm(ctx, name, topic, null);
    },
  );
}

function confirm({ reply, session }: Context, name: string, topic: Topic, subject: Buffer | null): void {
  reply.push(3);
  reply.bulk(name);
  if (subject === null) reply.null();
  else reply.bytesOf(subject);
  reply.integer(PubSub.of(session).count(topic));
}

export const publish = command(
  {
    name: "publish",
    arity: 3,
    group: "pubsub",
    since: "2.0.0",
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    summary: "Sends a message to whoever listens to a channel",
    complexity: "O(N+M), N being the clients that listen to the channel, M all patterns that anybody listens to",
    arguments: [arg("string", "channel"), arg("string", "message")],
  },
  (ctx) => {
    ctx.reply.integer(ctx.host.pubsub.publish(Topic.CHANNEL, ctx.bytes(1), ctx.bytes(2)));
    ctx.journalForReplicas();
  },
);

export const spublish = command(
  {
    name: "spublish",
    arity: 3,
    group: "pubsub",
    since: "7.0.0",
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    keys: shardChannels(0),
    summary: "Sends a message to whoever listens to a channel of a shard",
    complexity: "O(N), N being the clients that listen to the channel",
    arguments: [arg("string", "shardchannel"), arg("string", "message")],
  },
  (ctx) => {
    ctx.reply.integer(ctx.host.pubsub.publish(Topic.SHARD, ctx.bytes(1), ctx.bytes(2)));
    ctx.journalForReplicas();
  },
);

function listing(name: string, since: string, topic: typeof Topic.CHANNEL | typeof Topic.SHARD, what: string): Command {
  return command(
    {
      name,
      arity: -2,
      group: "pubsub",
      since,
      flags: ["pubsub", "loading", "stale"],
      summary: `Lists the ${what} that somebody listens to`,
      complexity: `O(N), N being the number of ${what}`,
      arguments: [arg("pattern", "pattern", { optional: true })],
    },
    (ctx) => {
      if (ctx.count > 3) throw wrongSubcommand(ctx);
      const names = [...ctx.host.pubsub.list(topic, ctx.count === 3 ? ctx.bytes(2) : null)];
      ctx.reply.array(names.length);
      for (const channel of names) ctx.reply.bytesOf(channel);
    },
  );
}

/** What PUBSUB says when a subcommand has too many words: it is one handler in Redis, which then knows no such form. */
function wrongSubcommand(ctx: Context): Error {
  return commandError(`ERR unknown subcommand or wrong number of arguments for '${ctx.text(1).slice(0, 128)}'. Try PUBSUB HELP.`);
}

function counting(name: string, since: string, topic: typeof Topic.CHANNEL | typeof Topic.SHARD, argument: string, what: string): Command {
  return command(
    {
      name,
      arity: -2,
      group: "pubsub",
      since,
      flags: ["pubsub", "loading", "stale"],
      summary: `Counts who listens to ${what}`,
      complexity: "O(N), N being the number of names",
      arguments: [arg("string", argument, { optional: true, multiple: true })],
    },
    (ctx) => {
      ctx.reply.array((ctx.count - 2) * 2);
      for (let index = 2; index < ctx.count; index++) {
        ctx.reply.bytesOf(ctx.bytes(index));
        ctx.reply.integer(ctx.host.pubsub.listeners(topic, ctx.text(index)));
      }
    },
  );
}

const numpat = command(
  {
    name: "numpat",
    arity: 2,
    group: "pubsub",
    since: "2.8.0",
    flags: ["pubsub", "loading", "stale"],
    summary: "Counts the patterns that somebody listens to",
    complexity: "O(1)",
  },
  (ctx) => ctx.reply.integer(ctx.host.pubsub.size(Topic.PATTERN)),
);

const help = command(
  {
    name: "help",
    arity: 2,
    group: "pubsub",
    since: "6.2.0",
    flags: ["loading", "stale"],
    summary: "Explains the subcommands",
    complexity: "O(1)",
  },
  (ctx) =>
    replyHelp(ctx, [
      ["CHANNELS [<pattern>]", "Lists the channels that somebody listens to, all or those that match <pattern>."],
      ["NUMPAT", "Counts the patterns that somebody listens to."],
      ["NUMSUB [<channel> ...]", "Counts who listens to each channel; those who listen by a pattern do not count."],
      ["SHARDCHANNELS [<pattern>]", "Lists the channels of shards, like CHANNELS."],
      ["SHARDNUMSUB [<shardchannel> ...]", "Counts who listens to channels of shards, like NUMSUB."],
    ]),
);

export const pubsub = container(
  {
    name: "pubsub",
    arity: -2,
    group: "pubsub",
    since: "2.8.0",
    flags: [],
    summary: "Commands about who listens to what",
    complexity: "That of the subcommand",
  },
  [
    listing("channels", "2.8.0", Topic.CHANNEL, "channels"),
    numpat,
    counting("numsub", "2.8.0", Topic.CHANNEL, "channel", "channels"),
    listing("shardchannels", "7.0.0", Topic.SHARD, "channels of shards"),
    counting("shardnumsub", "7.0.0", Topic.SHARD, "shardchannel", "channels of shards"),
    help,
  ],
);
