/** What console.log shows of an object that has a connection below it: a line, in place of everything that it is made of. */

/** The name of the method that console.log calls, in Node and in Bun. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** @param detail what tells it from others of its kind. */
export function inspectedAs(name: string, detail: string | undefined): string {
  return detail === undefined ? `${name} {}` : `${name} { ${detail} }`;
}
