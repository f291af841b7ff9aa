/**
 * Gives every test file its limit, because `setDefaultTimeout` holds for one file, bunfig.toml has no setting for it, and a preload that
 * calls it reaches the first file only (oven-sh/bun#43787). So the call is put in front of each file, on its first line, which keeps line
 * numbers as they are.
 */
import { plugin } from "bun";
import { checking } from "./client.ts";
import { TEST_LIMIT_MS } from "./limits.ts";
import { ReplyCheck } from "./reply-check.ts";

// Every reply that a client of a test reads is held against the spec of its command.
checking.begin = () => new ReplyCheck();

plugin({
  name: "a limit for every test",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, async ({ path }) => ({
      contents: `import { setDefaultTimeout } from "bun:test"; setDefaultTimeout(${TEST_LIMIT_MS}); ${await Bun.file(path).text()}`,
      loader: "ts",
    }));
  },
});
