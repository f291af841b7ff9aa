/** The file that holds the number of the server's process (directive `pidfile`). */

import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Log } from "../log.ts";

export class PidFile {
  /** The file that was written, "" for none: `dir` may change while the server runs. */
  private written = "";

  /** Writes the file if there is to be one. As in Redis, a server without its pidfile is better than none. */
  write({ values }: Config, log: Log): void {
    if (values.pidfile === "") return;
    const path = resolve(values.dir, values.pidfile);
    try {
      writeFileSync(path, `${process.pid}\n`);
      this.written = path;
    } catch (error) {
      log.warning(`Failed to write PID file: ${failureWords(error)}`);
    }
  }

  remove(): void {
    if (this.written !== "") rmSync(this.written, { force: true });
  }
}
