/** The states of the link to a master. */

/** Where the link stands; the words are those of ROLE. */
export const LinkState = {
  /** Nothing under way: the next second will see a new attempt. */
  CONNECT: "connect",
  CONNECTING: "connecting",
  HANDSHAKE: "handshake",
  SYNC: "sync",
  CONNECTED: "connected",
} as const;
export type LinkState = (typeof LinkState)[keyof typeof LinkState];

/** Which states may follow one another. */
export const NEXT: Readonly<Record<LinkState, readonly LinkState[]>> = {
  connect: [LinkState.CONNECTING],
  connecting: [LinkState.CONNECT, LinkState.HANDSHAKE],
  handshake: [LinkState.CONNECT, LinkState.SYNC, LinkState.CONNECTED],
  sync: [LinkState.CONNECT, LinkState.CONNECTED],
  connected: [LinkState.CONNECT],
};
