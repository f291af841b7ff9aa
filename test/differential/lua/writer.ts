/** What the parts of the generator share: chance, the variables in sight, and how much may still be written. */
import type { Random } from "../../support/property.ts";
import { numberText, quoted, someText } from "./text.ts";
import { e, type Node, raw } from "./tree.ts";

/** What an expression is expected to give: most programs keep to it, which lets them come far. */
export type Type = "number" | "string" | "boolean" | "list" | "record" | "function" | "any";

const TYPES: readonly Type[] = ["number", "number", "string", "string", "boolean", "list", "record", "function"];

/** Functions take what `parameters` says and return one value of a type, followed by `extra` others. */
export interface Signature {
  readonly parameters: readonly Type[];
  readonly hasVarargs: boolean;
  readonly result: Type;
  readonly extra: number;
}

export interface Variable {
  readonly name: string;
  readonly type: Type;
  /** Of a function. */
  readonly signature?: Signature;
}

/**
 * How programs deal with what Lua leaves open, the order of `pairs` and the length of a table with holes:
 * "ordered": both are shown. Nothing is ever deleted, since the order then follows from what was there before.
 * "sorted": tables are shown by key, and lists have no holes.
 */
export type Mode = "ordered" | "sorted";

/** Names of locals: few, so that they hide each other. None is a keyword, or a name of the prelude. */
const LOCALS = ["a", "b", "c", "d", "x", "y", "k", "v", "self", "n", "value", "_", "f1", "Abc", "_G", "toString"];

interface Builders {
  readonly value: (w: Writer, type: Type) => Node;
  /** A function without a name. */
  readonly closure: (w: Writer, signature: Signature) => Node;
  /** Statements in a scope of their own. */
  readonly body: (w: Writer, statements: number) => Node;
}

export class Writer {
  readonly random: Random;
  readonly mode: Mode;
  /** How deep expressions may still nest. */
  depth = 4;
  /** Statements that may still be written: what follows then is as short as can be. */
  left: number;
  /** How often an operand is of the wrong type. */
  mistakes: number;
  loops = 0;
  functions = 0;
  hasVarargs = false;
  inCoroutine = false;
  private scopes: Variable[][] = [[]];
  private readonly builders: Builders;
  private made = 0;

  constructor(random: Random, mode: Mode, builders: Builders, options: { statements: number; mistakes: number }) {
    this.random = random;
    this.mode = mode;
    this.builders = builders;
    this.left = options.statements;
    this.mistakes = options.mistakes;
  }

  chance(probability: number): boolean {
    return this.random.chance(probability);
  }

  below(limit: number): number {
    return this.random.below(limit);
  }

  pick<T>(from: readonly T[]): T {
    return this.random.pick(from);
  }

  times<T>(first: number, last: number, make: () => T): T[] {
    return Array.from({ length: this.random.between(first, last) }, make);
  }

  /** A blank, or the end of a line: for places where Lua allows both. */
  get br(): string {
    return this.chance(0.04) ? "\n" : " ";
  }

  get type(): Type {
    return this.pick(TYPES);
  }

  /** An expression of this type, one level down. */
  value(type: Type): Node {
    this.depth--;
    const node = this.builders.value(this, type);
    this.depth++;
    return node;
  }

  values(types: readonly Type[]): Node[] {
    return types.map((type) => this.value(type));
  }

  closure(signature: Signature): Node {
    return this.builders.closure(this, signature);
  }

  body(statements: number): Node {
    return this.builders.body(this, statements);
  }

  /** A string literal. */
  string(text = someText(this.random)): Node {
    return raw(quoted(text, this.random));
  }

  number(text = numberText(this.random)): Node {
    return raw(text);
  }

  // ---- variables

  /** What is written by `write` sees what is declared there, and no one else. */
  scoped<T>(write: () => T): T {
    this.scopes.push([]);
    const written = write();
    this.scopes.pop();
    return written;
  }

  /** Likewise for a function of Lua: loops and varargs around it are not its own. */
  inFunction<T>(options: { hasVarargs: boolean; inCoroutine?: boolean }, write: () => T): T {
    const { loops, hasVarargs, inCoroutine } = this;
    this.loops = 0;
    this.hasVarargs = options.hasVarargs;
    this.inCoroutine = options.inCoroutine ?? false;
    this.functions++;
    const written = this.scoped(write);
    this.functions--;
    Object.assign(this, { loops, hasVarargs, inCoroutine });
    return written;
  }

  /** For what stands in a `function() ... end` of a template. */
  thunk<T>(write: () => T): T {
    return this.inFunction({ hasVarargs: false }, write);
  }

  declare(variable: Variable): string {
    this.scopes.at(-1)?.push(variable);
    return variable.name;
  }

  /** A name for a local, which may hide another. */
  get name(): string {
    return this.pick(LOCALS);
  }

  /** A name that no other variable has: for counters, and what templates need. */
  get newName(): string {
    return `v${++this.made}`;
  }

  /** The variables of a type that can be seen. */
  visible(type: Type): Variable[] {
    const names = new Set<string>();
    const found: Variable[] = [];
    for (const scope of this.scopes.toReversed()) {
      for (const variable of scope.toReversed()) {
        if (names.has(variable.name)) continue;
        names.add(variable.name);
        if (type === "any" || variable.type === type) found.push(variable);
      }
    }
    return found;
  }

  variable(type: Type): Variable | undefined {
    const found = this.visible(type);
    return found.length === 0 ? undefined : this.pick(found);
  }

  signature(): Signature {
    return {
      parameters: this.times(0, 3, () => this.type),
      hasVarargs: this.chance(0.2),
      result: this.type,
      extra: this.chance(0.3) ? this.random.between(1, 2) : 0,
    };
  }

  /** Arguments for a function of this signature: sometimes too few, or too many. */
  arguments(signature: Signature): Node[] {
    const values = this.values(signature.parameters);
    if (signature.hasVarargs) values.push(...this.times(0, 3, () => this.value("any")));
    if (this.chance(0.04)) values.pop();
    if (this.chance(0.04)) values.push(this.value("any"));
    return values;
  }

  /** `callee(arguments)`, over more than one line now and then. */
  call(callee: Node | string, values: readonly Node[]): Node {
    return e`${callee}(${this.chance(0.03) ? "\n" : ""}${values}${this.chance(0.02) ? "\n" : ""})`;
  }
}
