import type { Surroundings } from "../../src/config/surroundings.ts";

/** Files that exist in a test only: a reader, and the surroundings in which they lie. */
export class MemoryFiles implements Surroundings {
  readonly cwd = "/home/me";
  readonly platform: NodeJS.Platform;
  private readonly files: ReadonlyMap<string, string>;

  /** `files`: absolute path to content, in bytes (latin1). */
  constructor(files: Readonly<Record<string, string>> = {}, platform: NodeJS.Platform = "linux") {
    this.platform = platform;
    this.files = new Map(Object.entries(files));
  }

  readonly read = (path: string): string => {
    const content = this.files.get(path);
    if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return content;
  };

  refuseDirectory(path: string): string | null {
    if (path === this.cwd || this.listDirectory(path).length > 0) return null;
    return this.files.has(path) ? "Not a directory" : "No such file or directory";
  }

  listDirectory(path: string): string[] {
    const inside = path === "/" ? path : `${path}/`;
    const names = [...this.files.keys()].filter((file) => file.startsWith(inside)).map((file) => file.slice(inside.length).split("/")[0]);
    return [...new Set(names)];
  }
}
