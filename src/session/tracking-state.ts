/** How one client keeps copies of keys: CLIENT TRACKING. */

/** What a client wants to be told, and how. */
export interface TrackingOptions {
  /** The client that is told in its place, by id; 0 for itself. */
  readonly redirect: number;
  /** It hears of all keys that begin with one of its prefixes, whether it has read them or not. */
  readonly broadcast: boolean;
  /** Keys are remembered only after CLIENT CACHING YES, or unless after CLIENT CACHING NO. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** It is not told of its own changes. */
  readonly noLoop: boolean;
}

export interface TrackingState extends TrackingOptions {
  /** Of a client that broadcasts. */
  readonly prefixes: ReadonlySet<string>;
  /** What they take, in bytes. */
  readonly prefixBytes: number;
  /** CLIENT CACHING was called for the next command. */
  cachingGiven: boolean;
  /** The client to be told in its place is gone. */
  redirectBroken: boolean;
}
