/**
 * The tokens of Lua 5.1 as numbers: a character that is a token by itself is its code, the others count from 257 as in Lua, whose messages
 * leave out the token when it is 0, the byte NUL.
 */

const FIRST = 257;

const NAMES = [
  ..."and break do else elseif end false for function if in local nil not or repeat return then true until while".split(" "),
  ..."... .. == >= <= ~= <number> <name> <string> <eof>".split(" "),
];

export const AND = FIRST;
export const BREAK = FIRST + 1;
export const DO = FIRST + 2;
export const ELSE = FIRST + 3;
export const ELSEIF = FIRST + 4;
export const END = FIRST + 5;
export const FALSE = FIRST + 6;
export const FOR = FIRST + 7;
export const FUNCTION = FIRST + 8;
export const IF = FIRST + 9;
export const IN = FIRST + 10;
export const LOCAL = FIRST + 11;
export const NIL = FIRST + 12;
export const NOT = FIRST + 13;
export const OR = FIRST + 14;
export const REPEAT = FIRST + 15;
export const RETURN = FIRST + 16;
export const THEN = FIRST + 17;
export const TRUE = FIRST + 18;
export const UNTIL = FIRST + 19;
export const WHILE = FIRST + 20;
export const VARARGS = FIRST + 21;
export const CONCATENATE = FIRST + 22;
export const EQUAL = FIRST + 23;
export const GREATER_OR_EQUAL = FIRST + 24;
export const LESS_OR_EQUAL = FIRST + 25;
export const NOT_EQUAL = FIRST + 26;
export const NUMBER = FIRST + 27;
export const NAME = FIRST + 28;
export const STRING = FIRST + 29;
export const END_OF_TEXT = FIRST + 30;

export const HASH = 0x23;
export const PERCENT = 0x25;
export const OPEN = 0x28;
export const CLOSE = 0x29;
export const TIMES = 0x2a;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const DIVIDE = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const ASSIGN = 0x3d;
export const GREATER = 0x3e;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const POWER = 0x5e;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const TILDE = 0x7e;

/** How many numbers of tokens there are. */
export const TOKENS = END_OF_TEXT + 1;

/** The reserved words and their tokens. */
export const RESERVED: readonly (readonly [string, number])[] = NAMES.slice(0, WHILE - FIRST + 1).map((word, place) => [
  word,
  FIRST + place,
]);

/** What messages call a token that is not a name, a number or a string. */
export function tokenText(token: number): string {
  if (token >= FIRST) return NAMES[token - FIRST];
  return token < 0x20 || token === 0x7f ? `char(${token})` : String.fromCharCode(token);
}
