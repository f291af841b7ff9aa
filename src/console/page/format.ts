/** Numbers, sizes and times, for people. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 1536 -> "1.5 KiB". */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(Math.abs(value) < 10 ? 2 : 1)} ${UNITS[unit]}`;
}

/** 1234567 -> "1,234,567". */
export function count(value: number | bigint): string {
  return whole.format(value);
}

/** 1234567 -> "1.2M". */
export function compact(value: number): string {
  return short.format(value);
}

/** Microseconds: 1500 -> "1.50 ms". */
export function microseconds(value: number): string {
  if (value < 1000) return `${value < 10 ? value.toFixed(1) : Math.round(value)} µs`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(2)} ms`;
  return `${(value / 1_000_000).toFixed(2)} s`;
}

/** Seconds: 93784 -> "1d 2h". */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  const index = parts.findIndex(([size]) => seconds >= size);
  if (index < 0) return `${Math.round(seconds * 1000)} ms`;
  const [[size, unit], next] = [parts[index] as [number, string], parts[index + 1]];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[0]);
  return `${Math.floor(seconds / size)}${unit}${rest === 0 || next === undefined ? "" : ` ${rest}${next[1]}`}`;
}

const clock = new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "medium" });

/** Seconds since 1970, as the browser's clock has it: "30/11/2026, 19:45:03". */
export function moment(seconds: number): string {
  return clock.format(seconds * 1000);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text where they are UTF-8, else with each odd byte as \xNN. Not to be read back. */
export function readable(value: Uint8Array): string {
  try {
    return decoder.decode(value).replace(/[\p{Cc}]/gu, escaped);
  } catch {
    return Array.from(value, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    ).join("");
  }
}

function escaped(character: string): string {
  if (character === "\n" || character === "\t") return character === "\n" ? "\\n" : "\\t";
  return `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
}
