/**
 * Redis's quoting of configuration lines and of bytes in logs. Strings in this room hold bytes (latin1: one character a byte) until a path
 * is made of them, so a password of any bytes survives.
 */

const SPACE = /[ \t\n\v\f\r]/;
const BLANKS = /[ \t\n\v\f\r]*/y;
const HEX_ESCAPE = /\\x([0-9a-fA-F]{2})/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const ESCAPED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/**
 * Splits a line into words: bare, "double quoted" with \n \r \t \b \a \xHH and \anything, or 'single quoted' where only \' escapes.
 * Returns null when a quote is not closed, or is closed in front of anything but a blank (`"a"b`).
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let at = skipBlanks(line, 0);
  while (at < line.length) {
    let word = "";
    let open = true;
    while (open && at < line.length) {
      const character = line[at];
      if (character === '"' || character === "'") {
        const quoted = readQuoted(line, at + 1, character);
        if (quoted === null) return null;
        word += quoted.text;
        at = quoted.end;
        open = false;
      } else if (SPACE.test(character)) {
        // A vertical tab or form feed inside a bare word stays in it, as in Redis: only these four end one.
        if (character === "\v" || character === "\f") word += character;
        else open = false;
        at++;
      } else {
        word += character;
        at++;
      }
    }
    words.push(word);
    at = skipBlanks(line, at);
  }
  return words;
}

interface Quoted {
  readonly text: string;
  readonly end: number;
}

/** Reads up to the closing `quote`; in single quotes a backslash escapes nothing but one of them. */
function readQuoted(line: string, at: number, quote: string): Quoted | null {
  let text = "";
  for (; at < line.length; at++) {
    const character = line[at];
    if (character === quote) return closed(line, at + 1, text);
    if (character !== "\\" || at + 1 === line.length || (quote === "'" && line[at + 1] !== "'")) {
      text += character;
      continue;
    }
    HEX_ESCAPE.lastIndex = at;
    const hex = HEX_ESCAPE.exec(line);
    if (hex !== null) {
      text += String.fromCharCode(Number.parseInt(hex[1], 16));
      at += 3;
    } else {
      at++;
      text += ESCAPES[line[at]] ?? line[at];
    }
  }
  return null;
}

function closed(line: string, end: number, text: string): Quoted | null {
  return end === line.length || SPACE.test(line[end]) ? { text, end } : null;
}

function skipBlanks(line: string, at: number): number {
  BLANKS.lastIndex = at;
  BLANKS.test(line);
  return BLANKS.lastIndex;
}

/** Writes bytes so that `splitWords` reads them back: always in double quotes, everything but printable ASCII escaped. */
export function quoteWord(bytes: string): string {
  let quoted = '"';
  for (const character of bytes) {
    const code = character.charCodeAt(0);
    quoted += ESCAPED[character] ?? (code >= 0x20 && code < 0x7f ? character : `\\x${code.toString(16).padStart(2, "0")}`);
  }
  return `${quoted}"`;
}

/** `line` without the blanks around it, by Redis's idea of blanks: JavaScript's would take bytes of UTF-8 characters for spaces. */
export function trimBlanks(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}
