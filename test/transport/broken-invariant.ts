/** Preloaded into a server by listeners.test.ts: the request BREAK finds the memory layer broken. */

import { InvariantError } from "../../src/assert.ts";
import { CommandExecutor } from "../../src/execution/executor.ts";

const { execute } = CommandExecutor.prototype;

CommandExecutor.prototype.execute = function (session, frame) {
  if (frame.text(0) === "BREAK") throw new InvariantError("broken by the test");
  execute.call(this, session, frame);
};
