/** A file system of a few megabytes that only the servers started on it see, and which goes with it. Linux, where namespaces may be made. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { type ServerProcess, startServer } from "./process.ts";

const NAMESPACE = ["unshare", "--mount", "--map-root-user"];

/** Whether there can be one. */
export const mayMount =
  process.platform === "linux" &&
  Bun.which("unshare") !== null &&
  Bun.which("nsenter") !== null &&
  Bun.spawnSync([...NAMESPACE, "mount", "-t", "tmpfs", "none", tmpdir()]).exitCode === 0;

export class SmallDisk implements AsyncDisposable {
  /** Where it is, for the servers on it. */
  readonly path: string;
  /** The same, for the tests. */
  readonly outside: string;
  private readonly holder: Subprocess<"ignore", "pipe", "inherit">;

  private constructor(path: string, holder: Subprocess<"ignore", "pipe", "inherit">) {
    this.path = path;
    this.outside = `/proc/${holder.pid}/root${path}`;
    this.holder = holder;
  }

  static async make(bytes: number): Promise<SmallDisk> {
    const path = mkdtempSync(join(tmpdir(), "replicant-disk-"));
    const script = `mount -t tmpfs -o size=${bytes} none ${path} && echo mounted && exec sleep 3600`;
    const holder = Bun.spawn([...NAMESPACE, "sh", "-c", script], { stdin: "ignore", stdout: "pipe" });
    const disk = new SmallDisk(path, holder);
    const { value } = await holder.stdout.getReader().read();
    if (value === undefined) {
      await disk[Symbol.asyncDispose]();
      throw new Error("a small file system can be mounted");
    }
    return disk;
  }

  /** Starts `command` as a server whose directory is on the disk. */
  start(command: readonly string[], args: readonly string[]): Promise<ServerProcess> {
    const enter = ["nsenter", "--target", String(this.holder.pid), "--user", "--preserve-credentials", "--mount", "--"];
    return startServer([...enter, ...command], { args: [...args, "--dir", this.path] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.holder.kill("SIGKILL");
    await this.holder.exited;
    rmSync(this.path, { recursive: true, force: true });
  }
}
