/**
 * Publish and subscribe. Subscribing answers with one push message for each name; so does unsubscribing, and with one for nothing when
 * there was nothing.
 */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { PubSub } from "../../session/pubsub.ts";
import { Topic } from "../../session/subscriptions.ts";
import { helpOf, wrongArguments } from "../arguments/help.ts";

const command = commandsOf("pubsub");

// Shard channels are found like keys, {not_key}, so that a cluster knows where they belong.

export const subscribe = command("subscribe", { arity: -2, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("channel...")
  .marked("while-subscribed")
  .docs("Subscribes to channels.", "O(N) for N channels")
  .run((call) => subscribeAll(call, Topic.CHANNEL));

export const psubscribe = command("psubscribe", { arity: -2, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("pattern...")
  .marked("while-subscribed")
  .docs("Subscribes to the channels that match patterns.", "O(N) for N patterns")
  .run((call) => subscribeAll(call, Topic.PATTERN));

export const ssubscribe = command("ssubscribe", { arity: -2, since: "7.0.0", flags: "pubsub noscript loading stale" })
  .takes("shardchannel{not_key}...")
  .marked("while-subscribed")
  .docs("Subscribes to shard channels.", "O(N) for N shard channels")
  .run((call) => subscribeAll(call, Topic.SHARD));

export const unsubscribe = command("unsubscribe", { arity: -1, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("[channel...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given channels, or from all.", "O(N) for N channels")
  .run((call) => unsubscribeAll(call, Topic.CHANNEL));

export const punsubscribe = command("punsubscribe", { arity: -1, since: "2.0.0", flags: "pubsub noscript loading stale" })
  .takes("[pattern...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given patterns, or from all.", "O(N) for N patterns")
  .run((call) => unsubscribeAll(call, Topic.PATTERN));

export const sunsubscribe = command("sunsubscribe", { arity: -1, since: "7.0.0", flags: "pubsub noscript loading stale" })
  .takes("[shardchannel{not_key}...]")
  .marked("while-subscribed")
  .docs("Unsubscribes from the given shard channels, or from all.", "O(N) for N shard channels")
  .run((call) => unsubscribeAll(call, Topic.SHARD));

function subscribeAll(call: Call, topic: Topic): void {
  for (let index = 1; index < call.count; index++) {
    call.server.pubsub.subscribe(call.session, topic, call.text(index));
    confirm(call, topic, call.bytes(index));
  }
}

function unsubscribeAll(call: Call, topic: Topic): void {
  const named = Array.from({ length: call.count - 1 }, (_, index) => call.text(index + 1));
  const names = call.count > 1 ? named : [...PubSub.of(call.session).names[topic]];
  for (const name of names) {
    call.server.pubsub.unsubscribe(call.session, topic, name);
    confirm(call, topic, Buffer.from(name, "latin1"));
  }
  if (names.length === 0) confirm(call, topic, null);
}

function confirm({ reply, session, entry }: Call, topic: Topic, subject: Buffer | null): void {
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
  .run((call) => publishTo(call, Topic.CHANNEL));

export const spublish = command("spublish", { arity: 3, since: "7.0.0", flags: "pubsub loading stale fast may_replicate" })
  .takes("shardchannel{not_key} message")
  .marked("no-data")
  .docs("Publishes a message to a shard channel.", "O(N) for N subscribers of the channel")
  .run((call) => publishTo(call, Topic.SHARD));

function publishTo(call: Call, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  call.reply.integer(call.server.pubsub.publish(topic, call.bytes(1), call.bytes(2)));
  call.journalForReplicas();
}

const channels = command("pubsub|channels", { arity: -2, since: "2.8.0", flags: "pubsub loading stale" })
  .takes("[pattern]")
  .docs("Lists the active channels.", "O(N) for N active channels")
  .run((call) => listChannels(call, Topic.CHANNEL));

const shardChannels = command("pubsub|shardchannels", { arity: -2, since: "7.0.0", flags: "pubsub loading stale" })
  .takes("[pattern]")
  .docs("Lists the active shard channels.", "O(N) for N active shard channels")
  .run((call) => listChannels(call, Topic.SHARD));

function listChannels(call: Call, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  // In Redis it is one handler for all, which does not know this form.
  if (call.count > 3) throw wrongArguments(call);
  const names = [...call.server.pubsub.list(topic, call.count === 3 ? call.bytes(2) : null)];
  call.reply.array(names.length);
  for (const channel of names) call.reply.bytesOf(channel);
}

const numsub = command("pubsub|numsub", { arity: -2, since: "2.8.0", flags: "pubsub loading stale" })
  .takes("[channel...]")
  .docs("Counts the subscribers of channels.", "O(N) for N channels")
  .run((call) => countSubscribers(call, Topic.CHANNEL));

const shardNumsub = command("pubsub|shardnumsub", { arity: -2, since: "7.0.0", flags: "pubsub loading stale" })
  .takes("[shardchannel...]")
  .docs("Counts the subscribers of shard channels.", "O(N) for N shard channels")
  .run((call) => countSubscribers(call, Topic.SHARD));

function countSubscribers(call: Call, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  call.reply.array((call.count - 2) * 2);
  for (let index = 2; index < call.count; index++) {
    call.reply.bytesOf(call.bytes(index));
    call.reply.integer(call.server.pubsub.listeners(topic, call.text(index)));
  }
}

const numpat = command("pubsub|numpat", { arity: 2, since: "2.8.0", flags: "pubsub loading stale" })
  .docs("Returns the number of patterns subscribed to.", "O(1)")
  .run((call) => call.reply.integer(call.server.pubsub.size(Topic.PATTERN)));

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
