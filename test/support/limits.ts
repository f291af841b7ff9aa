/**
 * How long tests wait. No test depends on how fast the machine is: the two limits here only end what hangs, with a message instead of
 * silence. Both are far above what the slowest test needs on a slow and busy machine.
 */

/** For a whole test, in ms. The preload (see bunfig.toml) gives it to every test; a test has a limit of its own only where it needs a longer one. */
export const TEST_LIMIT_MS = 300_000;

/** For one event that a test waits for, in ms: it ends before the test does, so that its message says what was waited for in vain. */
export const PATIENCE_MS = 120_000;
