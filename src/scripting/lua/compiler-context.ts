/** What the two halves of the compiler share: the names of a chunk's compiled text, and the function whose body is being written. */

import type { FunctionBody } from "./ast.ts";
import { NumberLocals } from "./number-locals.ts";
import { Constants, SiteList } from "./sites.ts";

/** What is known while a function's body is written: the names it needs. */
export class FunctionScope extends Constants {
  readonly body: FunctionBody;
  hasLoops = false;
  /** Temporaries in use, and the most there were. */
  used = 0;
  most = 0;

  constructor(body: FunctionBody) {
    super();
    this.body = body;
  }

  temporary(): string {
    this.used++;
    if (this.used > this.most) this.most = this.used;
    return this.last;
  }

  /** The temporary that was taken last. */
  get last(): string {
    return `t${this.used}`;
  }
}

export abstract class ChunkContext extends SiteList {
  /** Whether the form is written that can be left in the middle. */
  readonly resumable: boolean;
  scope: FunctionScope;
  /** Locals that never hold anything but numbers. */
  readonly numbers = new NumberLocals();
  protected readonly constants: string[] = [];
  private readonly constantNames = new Map<string, string>();

  /** `chunk`: its name in messages. `firstSite`: the number of its first site. */
  constructor(chunk: string, firstSite: number, resumable: boolean) {
    super(chunk, firstSite);
    this.resumable = resumable;
    this.scope = new FunctionScope({ parameters: [], hasVarargs: true, legacyArg: null, body: [], line: 0, endLine: 0 });
  }

  /** A function as an expression. */
  abstract functionExpression(body: FunctionBody): string;

  /** A constant string: as it is where it is short and plain, else by name. */
  string(value: string): string {
    if (value.length <= 40 && /^[\w .:-]*$/.test(value)) return `"${value}"`;
    let name = this.constantNames.get(value);
    if (name === undefined) {
      name = `k${this.constants.length}`;
      // Not the piece of the script that it is: tables may keep it as a key for longer than the script is there.
      this.constants.push(Buffer.from(value, "latin1").latin1Slice());
      this.constantNames.set(value, name);
    }
    return name;
  }
}
