/** JSON as text: laid out without reading its numbers, so that none loses a digit. */

/** A piece of JSON text: what stands between strings never holds white space. */
export interface Token {
  readonly kind: "name" | "string" | "number" | "word" | "mark";
  readonly text: string;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;
const INDENT = "  ";

/** Whether the text is JSON, an object or an array at least (a number alone is text as well). */
export function isJson(text: string): boolean {
  const first = /^\s*([{[])/.exec(text)?.[1];
  if (first === undefined) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with it as JSON; null: nothing is. */
export function faultOfJson(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Its tokens, white space left out. The text must be JSON. */
function tokensOf(text: string): Token[] {
  const texts = text.match(TOKENS) ?? [];
  return texts.map((token, index): Token => {
    if (token.startsWith('"')) return { kind: texts[index + 1] === ":" ? "name" : "string", text: token };
    if (/^[-\d]/.test(token)) return { kind: "number", text: token };
    return { kind: /^[a-z]/.test(token) ? "word" : "mark", text: token };
  });
}

/** Without any white space between tokens. The text must be JSON. */
export function dense(text: string): string {
  return tokensOf(text)
    .map((token) => token.text)
    .join("");
}

/** Laid out over lines; the line breaks and spaces are tokens of the kind "mark". The text must be JSON. */
export function laidOut(text: string): Token[] {
  const result: Token[] = [];
  const tokens = tokensOf(text);
  let depth = 0;
  const newLine = (): void => {
    result.push({ kind: "mark", text: `\n${INDENT.repeat(depth)}` });
  };
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]?.text ?? "";
    if (/^[\]}]$/.test(token.text)) {
      depth--;
      if (!/^[[{]$/.test(tokens[index - 1]?.text ?? "")) newLine();
    }
    result.push(token);
    if (/^[[{]$/.test(token.text)) {
      depth++;
      if (!/^[\]}]$/.test(next)) newLine();
    } else if (token.text === ",") newLine();
    else if (token.text === ":") result.push({ kind: "mark", text: " " });
  }
  return result;
}

/** Laid out over lines. The text must be JSON. */
export function pretty(text: string): string {
  return laidOut(text)
    .map((token) => token.text)
    .join("");
}

/** As JSON.parse, with whole numbers that a double cannot hold as bigint. Errors: SyntaxError. */
export function parseExactly(text: string): unknown {
  // The third argument is of ECMAScript 2026; a browser without it gives doubles.
  const revive = (_name: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    return typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  };
  return JSON.parse(text, revive as (name: string, value: unknown) => unknown);
}
