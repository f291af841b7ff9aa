/** A section of INFO. */

import type { ServerParts } from "../../../execution/server-parts.ts";
import type { Figures } from "../../../session/info-text.ts";

type Write = (out: Figures, server: ServerParts) => void;

export interface Section {
  /** Names that ask for it, lower case; the first is its own. */
  readonly names: readonly string[];
  /** As in its header. */
  readonly title: string;
  /** default: also without being asked for. all: also to `all`. named: only by its name. */
  readonly shown: "default" | "all" | "named";
  readonly write: Write;
}

/** Its own name is its title's; `otherNames` ask for it, too. */
export function section(title: string, shown: Section["shown"], write: Write, ...otherNames: readonly string[]): Section {
  return { names: [title.toLowerCase(), ...otherNames], title, shown, write };
}

/** Returns a name that may come from clients without the characters that would break a line or a field. */
export function safeName(name: string): string {
  return name.replace(/[#:\r\n]/g, "_");
}
