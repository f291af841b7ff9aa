/** Where the files are: directives dir, appenddirname and appendfilename. */

import { join, resolve } from "node:path";
import type { Config } from "../config/config.ts";

export class AofPlace {
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  /** What the names of all files begin with. */
  get prefix(): string {
    return this.config.values.appendfilename;
  }

  /** The directory that holds the directory. */
  get parent(): string {
    return resolve(this.config.values.dir);
  }

  get directoryName(): string {
    return this.config.values.appenddirname;
  }

  get directory(): string {
    return join(this.parent, this.directoryName);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** What is written while the first rewrite is under way: it counts once that is done. */
  get temporaryIncrement(): string {
    return `temp-${this.prefix}.incr`;
  }
}
