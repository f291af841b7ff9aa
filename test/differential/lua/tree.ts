/**
 * Random programs as trees of text: a statement or an expression is a node that shrinking may take away or put something simpler in place
 * of; the text between nodes stays as it is (the counters that end loops, for one).
 */

type Part = string | Node;

export interface Node {
  /** The parts of a block are statements, those of a list expressions: any of them can go. */
  readonly kind: "block" | "statement" | "expression" | "list";
  parts: readonly Part[];
  /** What stands between those of a list. */
  readonly separator?: string;
}

type Filling = string | number | Node | readonly Node[];

function make(kind: Node["kind"], texts: readonly string[], fillings: readonly Filling[]): Node {
  const parts: Part[] = [];
  texts.forEach((text, at) => {
    parts.push(text);
    const filling = fillings[at];
    if (filling === undefined) return;
    if (typeof filling !== "object") parts.push(String(filling));
    else parts.push(isNode(filling) ? filling : joined(filling, ", "));
  });
  return { kind, parts: parts.filter((part) => part !== "") };
}

function isNode(filling: Node | readonly Node[]): filling is Node {
  return "kind" in filling;
}

/** An expression of this text and these nodes; a list of nodes is written with commas. */
export function e(texts: TemplateStringsArray, ...fillings: Filling[]): Node {
  return make("expression", texts, fillings);
}

/** A statement, likewise. */
export function s(texts: TemplateStringsArray, ...fillings: Filling[]): Node {
  return make("statement", texts, fillings);
}

/** An expression of one word, or of text that was put together elsewhere. */
export function raw(text: string): Node {
  return { kind: "expression", parts: [text] };
}

export function joined(parts: readonly Node[], separator: string): Node {
  return { kind: "list", parts, separator };
}

export function block(statements: readonly Node[]): Node {
  return { kind: "block", parts: statements };
}

/** The program text: a statement a line, unless it ends with a blank or a semicolon. */
export function print(root: Node): string {
  let text = "";
  const walk = (part: Part, inBlock: boolean): void => {
    if (typeof part === "string") text = append(text, part);
    else {
      part.parts.forEach((inner, index) => {
        if (index > 0 && part.kind === "list") text += part.separator;
        walk(inner, part.kind === "block");
      });
      if (inBlock && !/[ ;\n]$/.test(text)) text += "\n";
    }
  };
  walk(root, false);
  return text;
}

function append(text: string, part: string): string {
  // A list that turned out empty leaves the comma in front of it.
  if (part.startsWith(")") && text.endsWith(", ")) return text.slice(0, -2) + part;
  // `[` and a long string make no long bracket.
  return text.endsWith("[") && part.startsWith("[") ? `${text} ${part}` : text + part;
}

/** All nodes, a node before those in it. */
export function nodesOf(root: Node): Node[] {
  const found: Node[] = [];
  const walk = (node: Node): void => {
    found.push(node);
    for (const part of node.parts) if (typeof part !== "string") walk(part);
  };
  walk(root);
  return found;
}
