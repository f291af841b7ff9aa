/** What a section of INFO is, and the text it is written to. */

import type { Host } from "../../../execution/host.ts";
import type { Session } from "../../../session/session.ts";

export interface Section {
  /** Names that ask for it, lower case; the first is its own. */
  readonly names: readonly string[];
  /** As in its header. */
  readonly title: string;
  /** default: also without being asked for. all: also to `all`. named: only by its name. */
  readonly shown: "default" | "all" | "named";
  write(out: InfoText, host: Host, session: Session): void;
}

/** INFO's answer as it grows: headers and `name:value` lines. */
export class InfoText {
  text = "";

  header(title: string): void {
    if (this.text !== "") this.text += "\r\n";
    this.text += `# ${title}\r\n`;
  }

  /** A line; booleans are 1 and 0. */
  add(name: string, value: string | number | bigint | boolean): void {
    this.text += `${name}:${typeof value === "boolean" ? Number(value) : value}\r\n`;
  }

  /** A whole number, rounded down. */
  whole(name: string, value: number): void {
    this.add(name, Math.floor(value));
  }

  /** A number with two digits after the point. */
  ratio(name: string, value: number): void {
    this.add(name, (Number.isFinite(value) ? value : 0).toFixed(2));
  }

  /** Bytes, and the same for people under `<name>_human`. */
  bytes(name: string, value: number): void {
    this.add(name, value);
    this.add(`${name}_human`, humanBytes(value));
  }
}

const UNITS = ["K", "M", "G", "T", "P"];

/** `1536` as `1.50K`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${UNITS[unit]}`;
}

/** A name that may come from clients, without what would break a line or a field. */
export function safeName(name: string): string {
  return name.replace(/[#:\r\n]/g, "_");
}
