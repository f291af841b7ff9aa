/** Channels, patterns of channels, and channels of a shard: each is subscribed to and listed by itself. */
export const Topic = { CHANNEL: 0, PATTERN: 1, SHARD: 2 } as const;
export type Topic = (typeof Topic)[keyof typeof Topic];

/** What a name takes beside its characters, in the set of one client. */
const NAME_BYTES = 64;

/** What one client listens to. */
export class Subscriptions {
  readonly names: readonly [Set<string>, Set<string>, Set<string>] = [new Set(), new Set(), new Set()];
  /** What the names take, in bytes. */
  bytes = 0;

  /** Returns whether the name is new. */
  add(topic: Topic, name: string): boolean {
    const names = this.names[topic];
    if (names.has(name)) return false;
    names.add(name);
    this.bytes += NAME_BYTES + name.length;
    return true;
  }

  /** Returns whether the name was there. */
  delete(topic: Topic, name: string): boolean {
    if (!this.names[topic].delete(name)) return false;
    this.bytes -= NAME_BYTES + name.length;
    return true;
  }

  /** The number that (un)subscribing answers with: channels and patterns count together, shard channels by themselves. */
  count(topic: Topic): number {
    const [channels, patterns, shards] = this.names;
    return topic === Topic.SHARD ? shards.size : channels.size + patterns.size;
  }

  get empty(): boolean {
    return this.names.every((names) => names.size === 0);
  }
}
