/** Which local variables never hold anything but numbers: arithmetic on them needs no look at what they are. */

import type { Expression, Local } from "./ast.ts";

const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "^"]);

export class NumberLocals {
  private readonly known = new Map<Local, boolean>();

  has(local: Local): boolean {
    if (!this.known.has(local)) this.decide(local);
    return this.known.get(local) === true;
  }

  /** A variable and those it is computed from hold numbers unless one of them gets something else: taken for granted, then struck out. */
  private decide(start: Local): void {
    const open = new Set<Local>([start]);
    for (const local of open) for (const value of local.assigned) if (value !== null) this.collect(value, open);
    for (let changed = true; changed; ) {
      changed = false;
      for (const local of open) {
        const numbers = local.assigned.length > 0 && local.assigned.every((value) => value !== null && this.isNumber(value, open));
        if (numbers) continue;
        open.delete(local);
        this.known.set(local, false);
        changed = true;
      }
    }
    for (const local of open) this.known.set(local, true);
  }

  private collect(value: Expression, open: Set<Local>): void {
    if (value.kind === "local") {
      if (!this.known.has(value.local)) open.add(value.local);
    } else if (value.kind === "parentheses") this.collect(value.inner, open);
    else if (value.kind === "unary" && value.operator === "-") this.collect(value.operand, open);
    else if (value.kind === "binary" && ARITHMETIC.has(value.operator)) {
      this.collect(value.left, open);
      this.collect(value.right, open);
    }
  }

  private isNumber(value: Expression, open: ReadonlySet<Local>): boolean {
    switch (value.kind) {
      case "number":
        return true;
      case "local":
        return open.has(value.local) || this.known.get(value.local) === true;
      case "parentheses":
        return this.isNumber(value.inner, open);
      case "unary":
        return value.operator === "#" || (value.operator === "-" && this.isNumber(value.operand, open));
      case "binary":
        return ARITHMETIC.has(value.operator) && this.isNumber(value.left, open) && this.isNumber(value.right, open);
      default:
        return false;
    }
  }
}
