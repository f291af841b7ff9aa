/** What the two halves of the compiler share: the names of a chunk's compiled text, and the function whose body is being written. */

import type { FunctionBody } from "./ast.ts";
import { NumberLocals } from "./number-locals.ts";
import type { Site } from "./state.ts";

/** What is known while a function's body is written: the names it needs. */
export class FunctionScope {
  readonly body: FunctionBody;
  hasLoops = false;
  private zero: number | null = null;
  /** Temporaries in use, and the most there were. */
  used = 0;
  most = 0;

  constructor(body: FunctionBody) {
    this.body = body;
  }

  /** Lua keeps equal constants of a function once: 0 and -0 are equal, and the first of them stands for both. */
  constant(value: number): number {
    if (value !== 0) return value;
    this.zero ??= value;
    return this.zero;
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

export abstract class ChunkContext {
  /** Whether the form is written that can be left in the middle. */
  readonly resumable: boolean;
  scope: FunctionScope;
  /** Locals that never hold anything but numbers. */
  readonly numbers = new NumberLocals();
  protected readonly constants: string[] = [];
  protected readonly sites: Site[] = [];
  private readonly chunk: string;
  private readonly firstSite: number;
  private readonly constantNames = new Map<string, string>();
  private readonly siteNumbers = new Map<string, number>();

  /** `chunk`: its name in messages. `firstSite`: the number of its first site. */
  constructor(chunk: string, firstSite: number, resumable: boolean) {
    this.chunk = chunk;
    this.firstSite = firstSite;
    this.resumable = resumable;
    this.scope = new FunctionScope({ parameters: [], hasVarargs: true, legacyArg: null, body: [], line: 0, endLine: 0 });
  }

  /** A function as an expression. */
  abstract functionExpression(body: FunctionBody): string;

  /** The number of a place in the chunk. `left` and `right`: what the operands are called. */
  site(line: number, left = "", right = ""): number {
    const key = `${line} ${left} ${right}`;
    let number = this.siteNumbers.get(key);
    if (number === undefined) {
      number = this.firstSite + this.sites.length;
      this.sites.push({ chunk: this.chunk, line, left, right });
      this.siteNumbers.set(key, number);
    }
    return number;
  }

  /** A constant string: as it is where it is short and plain, else by name. */
  string(value: string): string {
    if (value.length <= 40 && /^[\w .:-]*$/.test(value)) return `"${value}"`;
    let name = this.constantNames.get(value);
    if (name === undefined) {
      name = `k${this.constants.length}`;
      this.constants.push(value);
      this.constantNames.set(value, name);
    }
    return name;
  }
}
