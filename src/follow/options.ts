/** What a feed is asked for. */

import { kindOf } from "../base/word-error.ts";
import type { ValueType } from "../changes/events.ts";
import { knownOptions, requireKnown } from "../client/known-options.ts";

/** A text in PEM, or its bytes. */
type Pem = string | Uint8Array<ArrayBuffer>;

/** For rediss:// URLs: what is shown, and what is taken. */
export interface TlsOptions {
  /** Who vouches for the source; unless told, whom the system trusts. */
  readonly ca?: Pem | Pem[];
  readonly cert?: Pem | Pem[];
  readonly key?: Pem | Pem[];
  readonly passphrase?: string;
  /** The name that the certificate has to have, where that is not the URL's. */
  readonly serverName?: string;
  /** `false` takes any certificate. */
  readonly rejectUnauthorized?: boolean;
}

export interface FollowOptions {
  /**
   * Where to go on from: the `position` of the last event that was taken. Without it a feed begins with an image of all keys; with "now" it
   * begins with what is written from now on (the source makes an image all the same, which is passed over).
   */
  readonly from?: string | undefined;
  /** A file that keeps the position, and is gone on from where there is one. It is written as events are taken. */
  readonly positionFile?: string | undefined;
  /** Only keys of these types; what a command does to a key whose type it does not tell (DEL, EXPIRE, RENAME) is delivered too. */
  readonly types?: readonly ValueType[] | undefined;
  /** Only keys that match this pattern, as KEYS takes it. */
  readonly keys?: string | Uint8Array | undefined;
  /** Only this database; unless told, that of the URL, or all. */
  readonly db?: number | undefined;
  /** Whether changes have `before` and `after`. That keeps a copy of all keys in memory. */
  readonly values?: boolean | undefined;
  /** Keys, arguments and values as bytes (Uint8Array) instead of texts. */
  readonly bytes?: boolean | undefined;
  /** "replica", the default, follows as a replica does, and misses nothing; "scan" compares scans, for sources that cannot be followed. */
  readonly mode?: "replica" | "scan" | undefined;
  /** In the mode "scan": the pause between two scans, in ms (1000). */
  readonly intervalMs?: number | undefined;
  /** Ends the feed. */
  readonly signal?: AbortSignal | undefined;
  /** Who to log in as; unless told, as the URL says. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** How many bytes may wait for the consumer in memory (64 MiB); what is more goes to temporary files. */
  readonly memoryLimit?: number | undefined;
  /** Where temporary files go; unless told, the system's folder for them. */
  readonly spillDirectory?: string | undefined;
  /** How long the source may be silent before the connection is given up, in ms (60,000). */
  readonly timeoutMs?: number | undefined;
  /** How long it may be out of reach, after it has been reached once, before the feed ends with an error, in ms; for ever unless told. */
  readonly patienceMs?: number | undefined;
  /** Told of what happens to the connection, in Redis's words. */
  readonly log?: ((line: string) => void) | undefined;
}

const KNOWN = knownOptions<FollowOptions>("follow", {
  from: true,
  positionFile: true,
  types: true,
  keys: true,
  db: true,
  values: true,
  bytes: true,
  mode: true,
  intervalMs: true,
  signal: true,
  user: true,
  password: true,
  tls: true,
  memoryLimit: true,
  spillDirectory: true,
  timeoutMs: true,
  patienceMs: true,
  log: true,
});
const KNOWN_TLS = knownOptions<TlsOptions>("follow: tls", {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  serverName: true,
  rejectUnauthorized: true,
});

/** Errors: TypeError for what no feed can be asked for, also in programs without types. */
export function requireFollowable(url: unknown, options: FollowOptions): void {
  const urls: readonly unknown[] = Array.isArray(url) ? url : [url];
  const wrong = urls.find((one) => typeof one !== "string");
  if (urls.length === 0 || wrong !== undefined || url === undefined) {
    throw new TypeError(
      `follow: what is followed is a URL, HOST:PORT, or an array of them, and not ${urls.length === 0 ? "an empty array" : kindOf(wrong)}`,
    );
  }
  requireKnown(options, KNOWN);
  if (options.tls !== undefined) requireKnown(options.tls, KNOWN_TLS);
}
