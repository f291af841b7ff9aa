import { ExpiryMode, type KeyAccess } from "../../src/keyspace/key-access.ts";

/** How tests look at keys outside of commands: as a client of a master does. */
export const LOOK: KeyAccess = { expiryMode: ExpiryMode.DELETE, noTouch: false, frame: null, keyHash: 0 };
