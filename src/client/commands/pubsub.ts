/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { fields, type Fields } from "../converting.ts";
import { tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { ListCommands } from "./list.ts";

/** Commands of the group "pubsub", and of those before it. */
export abstract class PubsubCommands<M extends Mode> extends ListCommands<M> {
  /** Publishes a message to a channel. Since 2.0.0. */
  publish(channel: Word, message: Word): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("PUBLISH", arguments.length, 2);
    return this.run(["PUBLISH", channel, message]);
  }

  /** Lists the active channels. Since 2.8.0. */
  pubsubChannels(pattern?: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("PUBSUB CHANNELS", arguments.length, 1);
    const words: Word[] = ["PUBSUB", "CHANNELS"];
    if (pattern !== undefined) words.push(pattern);
    return this.run(words);
  }

  /** Returns the number of patterns subscribed to. Since 2.8.0. */
  pubsubNumpat(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("PUBSUB NUMPAT", arguments.length, 0);
    return this.run(["PUBSUB", "NUMPAT"]);
  }

  /** Counts the subscribers of channels. Since 2.8.0. */
  pubsubNumsub(channels?: OneOrMore<Word>): Answer<M, Fields<Text<M>, number>> {
    if (arguments.length > 1) throw tooMany("PUBSUB NUMSUB", arguments.length, 1);
    const words: Word[] = ["PUBSUB", "NUMSUB"];
    if (channels !== undefined) addAll(words, channels);
    return this.run(words, fields());
  }

  /** Lists the active shard channels. Since 7.0.0. */
  pubsubShardchannels(pattern?: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("PUBSUB SHARDCHANNELS", arguments.length, 1);
    const words: Word[] = ["PUBSUB", "SHARDCHANNELS"];
    if (pattern !== undefined) words.push(pattern);
    return this.run(words);
  }

  /** Counts the subscribers of shard channels. Since 7.0.0. */
  pubsubShardnumsub(shardchannels?: OneOrMore<Word>): Answer<M, Fields<Text<M>, number>> {
    if (arguments.length > 1) throw tooMany("PUBSUB SHARDNUMSUB", arguments.length, 1);
    const words: Word[] = ["PUBSUB", "SHARDNUMSUB"];
    if (shardchannels !== undefined) addAll(words, shardchannels);
    return this.run(words, fields());
  }

  /** Returns helpful text about the subcommands. Since 6.2.0. */
  pubsubHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("PUBSUB HELP", arguments.length, 0);
    return this.run(["PUBSUB", "HELP"]);
  }

  /** Publishes a message to a shard channel. Since 7.0.0. */
  spublish(shardchannel: Word, message: Word): Answer<M, number> {
    if (arguments.length > 2) throw tooMany("SPUBLISH", arguments.length, 2);
    return this.run(["SPUBLISH", shardchannel, message]);
  }
}
