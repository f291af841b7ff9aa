/** Makes a program that shows a difference small: takes statements away, and puts simple expressions in place of others. */

import { type Node, nodesOf } from "./tree.ts";

const SIMPLE = ["nil", "1", "'a'", "{}", "true"].map((text): Node => ({ kind: "expression", parts: [text] }));

type Change = { readonly node: Node; readonly parts: Node["parts"] };

/**
 * Changes `root` in place for as long as `differs` holds of what is left, and some change makes it shorter. Ends after so many tries.
 */
export async function simplify(root: Node, differs: () => Promise<boolean>, tries: number): Promise<void> {
  let left = tries;
  const attempt = async ({ node, parts }: Change): Promise<boolean> => {
    if (left-- <= 0) return false;
    const before = node.parts;
    node.parts = parts;
    if (await differs()) return true;
    node.parts = before;
    return false;
  };
  for (let smaller = true; smaller && left > 0; ) {
    smaller = false;
    for (const phase of [removals, hoists, replacements]) {
      // What a change takes out of the tree need not be looked at any more: the nodes are listed again after every change that stays.
      for (let at = 0, nodes = nodesOf(root); at < nodes.length && left > 0; at++) {
        for (const change of phase(nodes[at])) {
          if (await attempt(change)) {
            smaller = true;
            nodes = nodesOf(root);
            at--;
            break;
          }
        }
      }
    }
  }
}

/** Parts of a block or a list taken away: half of them, a quarter, one. */
function* removals(node: Node): Generator<Change> {
  if (node.kind !== "block" && node.kind !== "list") return;
  const { parts } = node;
  for (let size = Math.ceil(parts.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = parts.length - size; from >= 0; from -= size) {
      yield { node, parts: [...parts.slice(0, from), ...parts.slice(from + size)] };
    }
  }
}

/** The statements of a block inside a statement in its place; an expression's part in place of the whole. */
function* hoists(node: Node): Generator<Change> {
  if (node.kind === "expression") {
    for (const part of node.parts) {
      const inner = typeof part === "string" ? [] : part.kind === "list" ? part.parts : [part];
      for (const one of inner) if (typeof one !== "string" && one.kind === "expression") yield { node, parts: [one] };
    }
  }
  if (node.kind !== "block") return;
  for (const [at, part] of node.parts.entries()) {
    if (typeof part === "string") continue;
    for (const inner of nodesOf(part)) {
      if (inner.kind === "block" && inner !== part)
        yield { node, parts: [...node.parts.slice(0, at), ...inner.parts, ...node.parts.slice(at + 1)] };
    }
  }
}

function* replacements(node: Node): Generator<Change> {
  if (node.kind !== "expression" || SIMPLE.some(({ parts }) => parts[0] === node.parts[0] && node.parts.length === 1)) return;
  if (node.parts.length === 1 && typeof node.parts[0] === "string" && node.parts[0].length <= 3) return;
  for (const { parts } of SIMPLE) yield { node, parts };
}
