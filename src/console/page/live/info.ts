/** INFO of a server, by field. */

/** Fields of INFO, whatever their section. */
export type Info = Readonly<Record<string, string>>;

/** The fields of INFO's text. */
export function infoOf(text: string): Info {
  const pairs = text.split("\r\n").filter((line) => line.includes(":") && !line.startsWith("#"));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** "a=1,b=2" by name. */
export function partsOf(value: string): Info {
  return Object.fromEntries(value.split(",").map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]));
}

/** A field as a number; null: it is not there, or is none. */
export function figure(info: Info, name: string): number | null {
  const text = info[name];
  if (text === undefined || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
