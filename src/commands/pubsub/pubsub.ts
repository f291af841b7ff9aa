/**
 * Publish and subscribe. Subscribing answers with one push message for each name; so does unsubscribing, and with one for nothing when
 * there was nothing.
 */

import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { PubSub, Topic } from "../../session/pubsub.ts";
import { helpOf, wrongArguments } from "../arguments/help.ts";

const command = commandsOf("pubsub");

// Shard channels are found like keys, {not_key}, so that a cluster knows where they belong.

export const subscribe = command("subscribe", { arity: -2, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("channel...")
  .marked("while-subscribed")
  .docs("Subscribes to channels.", "O(N) for N channels")
  .run((ctx) => subscribeAll(ctx, Topic.CHANNEL));

export const psubscribe = command("psubscribe", { arity: -2, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("pattern...")
  .marked("while-subscribed")
  .docs("Subscribes to the channels that match patterns.", "O(N) for N patterns")
  .run((ctx) => subscribeAll(ctx, Topic.PATTERN));

export const ssubscribe = command("ssubscribe", { arity: -2, since: "7.0.0", flags: "pubsub noscript loading stale" })
  .takes("shardchannel{not_key}...")
  .marked("while-subscribed")
  .docs("Subscribes to shard channels.", "O(N) for N shard channels")
  .run((ctx) => subscribeAll(ctx, Topic.SHARD));

export const unsubscribe = command("unsubscribe", { arity: -1, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("[channel...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given channels, or from all.", "O(N) for N channels")
  .run((ctx) => unsubscribeAll(ctx, Topic.CHANNEL));

export const punsubscribe = command("punsubscribe", { arity: -1, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("[pattern...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given patterns, or from all.", "O(N) for N patterns")
  .run((ctx) => unsubscribeAll(ctx, Topic.PATTERN));

export const sunsubscribe = command("sunsubscribe", { arity: -1, since: "7.0.0", flags: "pubsub noscript loading stale" })
  .takes("[shardchannel{not_key}...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given shard channels, or from all.", "O(N) for N shard channels")
  .run((ctx) => unsubscribeAll(ctx, Topic.SHARD));

function subscribeAll(ctx: Context, topic: Topic): void {
  for (let index = 1; index < ctx.count; index++) {
    ctx.host.pubsub.subscribe(ctx.session, topic, ctx.text(index));
    confirm(ctx, topic, ctx.bytes(index));
  }
}

function unsubscribeAll(ctx: Context, topic: Topic): void {
  const named = Array.from({ length: ctx.count - 1 }, (_, index) => ctx.text(index + 1));
  const names = ctx.count > 1 ? named : [...PubSub.of(ctx.session).names[topic]];
  for (const name of names) {
    ctx.host.pubsub.unsubscribe(ctx.session, topic, name);
    confirm(ctx, topic, Buffer.from(name, "latin1"));
  }
  if (names.length === 0) confirm(ctx, topic, null);
}

function confirm({ reply, session, entry }: Context, topic: Topic, subject: Buffer | null): void {
  reply.push(3);
  reply.bulk(entry.fullName);
  if (subject === null) reply.null();
  else reply.bytesOf(subject);
  reply.integer(PubSub.of(session).count(topic));
}

export const publish = command("publish", { arity: 3, since: "2.0.0", flags: "pubsub loading stale fast may_replicate" })
  .takes("channel message")
  .marked("no-data")
  .docs("Publishes a message to a channel.", "O(N+M) for N subscribers of the channel and M patterns")
  .run((ctx) => publishTo(ctx, Topic.CHANNEL));

export const spublish = command("spublish", { arity: 3, since: "7.0.0", flags: "pubsub loading stale fast may_replicate" })
  .takes("shardchannel{not_key} message")
  .marked("no-data")
  .docs("Publishes a message to a shard channel.", "O(N) for N subscribers of the channel")
  .run((ctx) => publishTo(ctx, Topic.SHARD));

function publishTo(ctx: Context, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  ctx.reply.integer(ctx.host.pubsub.publish(topic, ctx.bytes(1), ctx.bytes(2)));
  ctx.journalForReplicas();
}

const channels = command("pubsub|channels", { arity: -2, since: "2.8.0", flags: "pubsub loading stale" })
  .takes("[pattern]")
  .docs("Lists the active channels.", "O(N) for N active channels")
  .run((ctx) => listChannels(ctx, Topic.CHANNEL));

const shardChannels = command("pubsub|shardchannels", { arity: -2, since: "7.0.0", flags: "pubsub loading stale" })
  .takes("[pattern]")
  .docs("Lists the active shard channels.", "O(N) for N active shard channels")
  .run((ctx) => listChannels(ctx, Topic.SHARD));

function listChannels(ctx: Context, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  // In Redis it is one handler for all, which does not know this form.
  if (ctx.count > 3) throw wrongArguments(ctx);
  const names = [...ctx.host.pubsub.list(topic, ctx.count === 3 ? ctx.bytes(2) : null)];
  ctx.reply.array(names.length);
  for (const channel of names) ctx.reply.bytesOf(channel);
}

const numsub = command("pubsub|numsub", { arity: -2, since: "2.8.0", flags: "pubsub loading stale" })
  .takes("[channel...]")
  .docs("Counts the subscribers of channels.", "O(N) for N channels")
  .run((ctx) => countSubscribers(ctx, Topic.CHANNEL));

const shardNumsub = command("pubsub|shardnumsub", { arity: -2, since: "7.0.0", flags: "pubsub loading stale" })
  .takes("[shardchannel...]")
  .docs("Counts the subscribers of shard channels.", "O(N) for N shard channels")
  .run((ctx) => countSubscribers(ctx, Topic.SHARD));

function countSubscribers(ctx: Context, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  ctx.reply.array((ctx.count - 2) * 2);
  for (let index = 2; index < ctx.count; index++) {
    ctx.reply.bytesOf(ctx.bytes(index));
    ctx.reply.integer(ctx.host.pubsub.listeners(topic, ctx.text(index)));
  }
}

const numpat = command("pubsub|numpat", { arity: 2, since: "2.8.0", flags: "pubsub loading stale" })
  .docs("Returns the number of patterns subscribed to.", "O(1)")
  .run((ctx) => ctx.reply.integer(ctx.host.pubsub.size(Topic.PATTERN)));

const help = helpOf(command("pubsub|help", { arity: 2, since: "6.2.0", flags: "loading stale" }), [
  ["CHANNELS [<pattern>]", "Lists the active channels, all or those that match <pattern>."],
  ["NUMPAT", "Returns the number of patterns subscribed to."],
  ["NUMSUB [<channel> ...]", "Counts the subscribers of each channel, without those of patterns."],
  ["SHARDCHANNELS [<pattern>]", "Lists the active shard channels, as CHANNELS does."],
  ["SHARDNUMSUB [<shardchannel> ...]", "Counts the subscribers of each shard channel."],
]);

export const pubsub = command("pubsub", { arity: -2, since: "2.8.0", flags: "" })
  .docs("A container for Pub/Sub commands.", "Depends on the subcommand.")
  .family([channels, numpat, numsub, shardChannels, shardNumsub, help]);
