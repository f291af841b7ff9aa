/** What a program is told that makes a request of what cannot be sent. */

/** Returns the error for word `index` of a request, which names the command and the argument's place. */
export function wordError(words: readonly unknown[], index: number): TypeError {
  const [name] = words;
  const kind = kindOf(words[index]);
  if (index === 0) return new TypeError(`the name of a command is ${kind}, and must be a string`);
  const command = typeof name === "string" ? name : "a request";
  return new TypeError(`${command}: argument ${index} is ${kind}: strings, numbers, bigints and Uint8Arrays can be sent`);
}

export function noWordsError(): TypeError {
  return new TypeError("a request has words: the name of a command first");
}

/** What a value is, for people, and without what it says: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const { name = "" } = value.constructor ?? {};
  return name === "" || name === "Object" ? "an object" : `a ${name}`;
}
