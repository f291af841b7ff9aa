/** What is the same around every tool that works on files. */

import { ToolError } from "./error.ts";

/** It could not do what it was asked to. */
export const FAILED = 2;

export interface Tool {
  /** Its name behind `replicant`. */
  readonly name: string;
  readonly usage: string;
  /** Does what the words ask for. Returns the exit code. */
  readonly run: () => number | Promise<number>;
  /** The exit code of a failure, if it is another one than FAILED. */
  readonly codeOf?: (error: ToolError) => number;
}

/** Shows the usage where the words ask for it, else runs the tool. Returns the exit code; what it could not do has been said. */
export async function runTool(
  { name, usage, run, codeOf = () => FAILED }: Tool,
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    print(usage);
    return 0;
  }
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    complain(`replicant ${name}: ${error.message}\n`);
    return codeOf(error);
  }
}
