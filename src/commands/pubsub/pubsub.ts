/**
 * Publish and subscribe. Subscribing answers with one push message for each name; so does unsubscribing, and with one for nothing when
 * there was nothing.
 */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type Command, commandsOf } from "../../execution/command-spec.ts";
import { PubSub } from "../../session/pubsub.ts";
import { Topic } from "../../session/subscriptions.ts";
import { helpOf, wrongArguments } from "../arguments/help.ts";

const command = commandsOf("pubsub");

const NOT_IN_EXEC = commandError("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");

/** What the commands of each kind of topic say of it. Shard channels are found like keys, so that a cluster knows where they belong. */
const TOPICS = {
  [Topic.CHANNEL]: { argument: "channel", names: "channels", since: "2.0.0" },
  [Topic.PATTERN]: { argument: "pattern", names: "patterns", since: "2.0.0" },
  [Topic.SHARD]: { argument: "shardchannel{not_key}", names: "shard channels", since: "7.0.0" },
} as const;

export const subscribe = subscribing("subscribe", Topic.CHANNEL, "channels");
export const psubscribe = subscribing("psubscribe", Topic.PATTERN, "the channels that match patterns");
export const ssubscribe = subscribing("ssubscribe", Topic.SHARD, "shard channels");

function subscribing(name: string, topic: Topic, what: string): Command {
  const { argument, names, since } = TOPICS[topic];
  return command(name, { arity: -2, since, flags: "pubsub noscript loading stale" })
    .takes(`${argument}...`)
    .answers(`push['${name}', channel: string, subscribed: count]...`)
    .marked("while-subscribed")
    .docs(`Subscribes to ${what}.`, `O(N) for N ${names}`)
    .run((call) => subscribeAll(call, topic));
}

export const unsubscribe = unsubscribing("unsubscribe", Topic.CHANNEL);
export const punsubscribe = unsubscribing("punsubscribe", Topic.PATTERN);
export const sunsubscribe = unsubscribing("sunsubscribe", Topic.SHARD);

function unsubscribing(name: string, topic: Topic): Command {
  const { argument, names, since } = TOPICS[topic];
  return command(name, { arity: -1, since, flags: "pubsub noscript loading stale" })
    .takes(`[${argument}...]`)
    .answers(`push['${name}', channel: string | null, subscribed: count]...`)
    .marked("while-subscribed")
    .docs(`Unsubscribes from the given ${names}, or from all.`, `O(N) for N ${names}`)
    .run((call) => unsubscribeAll(call, topic));
}

/** Errors: SSUBSCRIBE in a transaction, which the other two may be in. */
function subscribeAll(call: Call, topic: Topic): void {
  if (topic === Topic.SHARD && call.session.queueing) throw NOT_IN_EXEC;
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

/** Sent to clients that want no replies, too. */
function confirm(call: Call, topic: Topic, subject: Buffer | null): void {
  const { reply, session, entry } = call;
  call.push(() => {
    reply.push(3);
    reply.bulk(entry.fullName);
    if (subject === null) reply.null();
    else reply.bytesOf(subject);
    reply.integer(PubSub.of(session).count(topic));
  });
}

export const publish = command("publish", { arity: 3, since: "2.0.0", flags: "pubsub loading stale fast may_replicate" })
  .takes("channel message")
  .answers("count")
  .marked("no-data")
  .docs("Publishes a message to a channel.", "O(N+M) for N subscribers of the channel and M patterns")
  .run((call) => publishTo(call, Topic.CHANNEL));

export const spublish = command("spublish", { arity: 3, since: "7.0.0", flags: "pubsub loading stale fast may_replicate" })
  .takes("shardchannel{not_key} message")
  .answers("count")
  .marked("no-data")
  .docs("Publishes a message to a shard channel.", "O(N) for N subscribers of the channel")
  .run((call) => publishTo(call, Topic.SHARD));

function publishTo(call: Call, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): void {
  call.reply.integer(call.server.pubsub.publish(topic, call.bytes(1), call.bytes(2)));
  call.journalForReplicas();
}

const channels = listing("pubsub|channels", "2.8.0", Topic.CHANNEL);
const shardChannels = listing("pubsub|shardchannels", "7.0.0", Topic.SHARD);

function listing(name: string, since: string, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): Command {
  return command(name, { arity: -2, since, flags: "pubsub loading stale" })
    .takes("[pattern]")
    .answers("string[]")
    .docs(`Lists the active ${TOPICS[topic].names}.`, `O(N) for N active ${TOPICS[topic].names}`)
    .run((call) => {
      // In Redis it is one handler for all, which does not know this form.
      if (call.count > 3) throw wrongArguments(call);
      const names = [...call.server.pubsub.list(topic, call.count === 3 ? call.bytes(2) : null)];
      call.reply.array(names.length);
      for (const channel of names) call.reply.bytesOf(channel);
    });
}

const numsub = counting("pubsub|numsub", "2.8.0", "channel", Topic.CHANNEL);
const shardNumsub = counting("pubsub|shardnumsub", "7.0.0", "shardchannel", Topic.SHARD);

function counting(name: string, since: string, argument: string, topic: typeof Topic.CHANNEL | typeof Topic.SHARD): Command {
  return command(name, { arity: -2, since, flags: "pubsub loading stale" })
    .takes(`[${argument}...]`)
    .answers("flat<string, count>")
    .docs(`Counts the subscribers of ${TOPICS[topic].names}.`, `O(N) for N ${TOPICS[topic].names}`)
    .run((call) => {
      call.reply.array((call.count - 2) * 2);
      for (let index = 2; index < call.count; index++) {
        call.replyArgument(index);
        call.reply.integer(call.server.pubsub.listeners(topic, call.text(index)));
      }
    });
}

const numpat = command("pubsub|numpat", { arity: 2, since: "2.8.0", flags: "pubsub loading stale" })
  .answers("count")
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
