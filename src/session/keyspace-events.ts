/** Keyspace events (`notify-keyspace-events`) go to channels named after the key (class K) and after the event (class E). */

import type { Config } from "../config/config.ts";
import { EventClass } from "../keyspace/events.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { PubSub } from "./pubsub.ts";
import { Topic } from "./subscriptions.ts";

/** Publishes the events of `keyspace` from now on, as the directive says at the time. */
export function publishKeyspaceEvents(config: Config, keyspace: Keyspace, pubsub: PubSub): void {
  keyspace.publishEvent = (_, name, key, database) => {
    const classes = keyspace.eventClasses;
    if ((classes & EventClass.KEYSPACE) !== 0)
      pubsub.publish(Topic.CHANNEL, Buffer.concat([Buffer.from(`__keyspace@${database}__:`), key]), Buffer.from(name));
    if ((classes & EventClass.KEYEVENT) !== 0)
      pubsub.publish(Topic.CHANNEL, Buffer.from(`__keyevent@${database}__:${name}`), Buffer.from(key));
  };
  const follow = (): undefined => {
    keyspace.eventClasses = config.values["notify-keyspace-events"];
  };
  follow();
  config.onChange("notify-keyspace-events", follow);
}
