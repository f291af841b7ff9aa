/**
 * A parsed Lua chunk: what parser.ts makes of the text and compiler.ts of it in turn. Names are resolved: each use of a local variable
 * points at its declaration. Lines are those that Lua 5.1 gives the instruction in question, which error messages show.
 */

export interface Local {
  readonly name: string;
  /** Unique within the chunk: the variable is `l<id>` in the compiled text. */
  readonly id: number;
  /** The function that declares it: a use in another function is an upvalue there. */
  readonly owner: FunctionBody;
  /** All that is ever assigned to it, its initial value included: an expression, or null for what cannot be told (parameters, results of calls). */
  readonly assigned: (Expression | null)[];
  /** Another function than its own uses it. */
  isCaptured: boolean;
}

export interface FunctionBody {
  readonly parameters: Local[];
  readonly hasVarargs: boolean;
  /** The `arg` table that a function with varargs has when it never mentions `...` (Lua 5.0's way, which 5.1 keeps); null for none. */
  legacyArg: Local | null;
  body: Statement[];
  /** Of the `function` keyword, and of the closing `end`. */
  readonly line: number;
  endLine: number;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^";
export type ComparisonOperator = "==" | "~=" | "<" | ">" | "<=" | ">=";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | "..";

export interface TableItem {
  /** null: an item of the list, whose key is its place. */
  readonly key: Expression | null;
  readonly value: Expression;
  /** Where the value ends: of the error about a key that is nil or NaN. */
  readonly line: number;
}

export type Expression =
  | { readonly kind: "nil" | "true" | "false" | "varargs" }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "function"; readonly function: FunctionBody }
  | { readonly kind: "local"; readonly local: Local; readonly isUpvalue: boolean }
  | { readonly kind: "global"; readonly name: string; readonly line: number }
  | { readonly kind: "index"; readonly object: Expression; readonly key: Expression; readonly line: number }
  | CallExpression
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly kind: "unary"; readonly operator: "-" | "not" | "#"; readonly operand: Expression; readonly line: number }
  | { readonly kind: "table"; readonly items: readonly TableItem[]; readonly line: number }
  /** Made by the compiler: what `source` gave, in a variable of its own. */
  | { readonly kind: "temporary"; readonly name: string; readonly source: Expression }
  /** An expression in parentheses: one value, whatever it would give without them. */
  | { readonly kind: "parentheses"; readonly inner: Expression };

export type CallExpression =
  | { readonly kind: "call"; readonly callee: Expression; readonly arguments: readonly Expression[]; readonly line: number }
  | {
      readonly kind: "method";
      readonly object: Expression;
      readonly name: string;
      readonly arguments: readonly Expression[];
      /** Of the name, where the method is looked up; the call itself is where its arguments begin. */
      readonly lookupLine: number;
      readonly line: number;
    };

/** What can be assigned to. */
export type Target = Extract<Expression, { kind: "local" | "global" | "index" }>;

export type Statement =
  | { readonly kind: "local"; readonly locals: readonly Local[]; readonly values: readonly Expression[]; readonly line: number }
  /** `local function f`: f is in scope in its own body. */
  | { readonly kind: "localFunction"; readonly local: Local; readonly function: FunctionBody }
  /** Also `function a.b.c()` and `function a:m()`. */
  | { readonly kind: "assign"; readonly targets: readonly Target[]; readonly values: readonly Expression[]; readonly line: number }
  | { readonly kind: "callStatement"; readonly call: CallExpression }
  | { readonly kind: "do"; readonly body: readonly Statement[] }
  | { readonly kind: "while"; readonly condition: Expression; readonly body: readonly Statement[] }
  /** The condition sees the locals of the body. */
  | { readonly kind: "repeat"; readonly body: readonly Statement[]; readonly condition: Expression }
  | {
      readonly kind: "if";
      readonly branches: readonly { condition: Expression; body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[] | null;
    }
  | {
      readonly kind: "numericFor";
      readonly variable: Local;
      readonly start: Expression;
      readonly limit: Expression;
      readonly step: Expression | null;
      readonly body: readonly Statement[];
      readonly line: number;
    }
  | {
      readonly kind: "genericFor";
      readonly variables: readonly Local[];
      readonly values: readonly Expression[];
      readonly body: readonly Statement[];
      readonly line: number;
    }
  | { readonly kind: "return"; readonly values: readonly Expression[]; readonly line: number }
  | { readonly kind: "break" };
