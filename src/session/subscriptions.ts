/** Channels, patterns of channels, and channels of a shard: each is subscribed to and listed by itself. */
export const Topic = { CHANNEL: 0, PATTERN: 1, SHARD: 2 } as const;
export type Topic = (typeof Topic)[keyof typeof Topic];

/** What one client listens to. */
export class Subscriptions {
  readonly names: readonly [Set<string>, Set<string>, Set<string>] = [new Set(), new Set(), new Set()];

  /** The number that (un)subscribing answers with: channels and patterns count together, shard channels by themselves. */
  count(topic: Topic): number {
    const [channels, patterns, shards] = this.names;
    return topic === Topic.SHARD ? shards.size : channels.size + patterns.size;
  }

  get empty(): boolean {
    return this.names.every((names) => names.size === 0);
  }
}
