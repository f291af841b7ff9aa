/** An append-only file as an image: its commands are run by a server that no one can reach, and what they made is written. */

import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { AofLoad } from "../../aof/load.ts";
import { AofPlace, Manifest, ManifestError } from "../../aof/manifest.ts";
import { Replay } from "../../aof/replay.ts";
import { Config } from "../../config/config.ts";
import { Log } from "../../log.ts";
import type { ProgressLine } from "../../progress/line.ts";
import type { ByteSink } from "../../rdb/writer.ts";
import { Server } from "../../server.ts";
import { LoadError } from "../../snapshot/load-handler.ts";
import type { SnapshotConsumer } from "../../snapshot/snapshot.ts";
import { type CheckOptions, checkFile } from "../check/file-check.ts";
import { BrokenSource } from "./image-pipe.ts";

const PROGRESS_MS = 100;

/** The files in their directory, whatever the configuration says. */
class FixedPlace extends AofPlace {
  private readonly path_: string;
  private readonly name: string;

  /** `name`: that of a file which stands alone, and may begin with an image. */
  constructor(config: Config, directory: string, name: string) {
    super(config);
    this.path_ = directory;
    this.name = name;
  }

  override get prefix(): string {
    return this.name;
  }

  override get directory(): string {
    return this.path_;
  }
}

/** The files that a source names. */
export interface CommandFiles {
  /** The manifest, or the file itself. */
  readonly path: string;
  readonly isManifest: boolean;
  /** Base and increments, or the file itself. */
  readonly files: readonly string[];
}

/** Returns how many databases the files need. Errors: BrokenSource where one is broken. */
function databasesIn(files: readonly string[]): number {
  let greatest = 0;
  const options: CheckOptions = { top: 0, deep: "never", until: Number.POSITIVE_INFINITY, now: Date.now(), draw: null };
  for (const file of files) {
    const { damage, commands, image } = checkFile(file, options, { aof: true });
    if (damage !== null) throw new BrokenSource(`${file}, byte ${damage.offset}: ${damage.reason}`);
    greatest = Math.max(greatest, commands?.greatestDatabase ?? 0, ...(image?.report.databases.keys() ?? []));
  }
  return greatest + 1;
}

/**
 * Checks the files, runs them, and writes the image of what is there then to `target`. Errors: BrokenSource, ToolError, those of the target.
 */
export async function runCommands({ path, isManifest, files }: CommandFiles, target: ByteSink, progress: ProgressLine): Promise<void> {
  const databases = String(databasesIn(files));
  const config = Config.of({ save: "", databases, "aof-load-truncated": "no", maxmemory: "0", port: "0" });
  const log = new LastWarning();
  const server = new Server(config, { log });
  const timer = setInterval(() => progress.at(load.loadedBytes), PROGRESS_MS);
  const place = new FixedPlace(config, dirname(resolve(path)), isManifest ? "" : basename(path));
  const manifest = isManifest ? manifestOf(path) : new Manifest({ base: { name: basename(path), sequence: 1 } });
  const load = new AofLoad(server.persistence, new Replay(server.executor, server.keyspace.databases[0]), place, manifest);
  try {
    await load.load(() => false);
    clearInterval(timer);
    write(server, target);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    throw new BrokenSource(`${join(place.directory, basename(path))}: ${log.last === "" ? error.message : log.last}`);
  } finally {
    clearInterval(timer);
    await server.stop();
  }
}

function write(server: Server, target: ByteSink): void {
  let failure: Error | null = null;
  const consumer: SnapshotConsumer = {
    write: (bytes, from, to) => target.write(bytes, from, to),
    ready: () => true,
    finished() {},
    failed(error) {
      failure = error;
    },
  };
  server.persistence.snapshot(consumer, { facts: [], family: "valkey" }).runNow();
  if (failure !== null) throw failure;
}

function manifestOf(path: string): Manifest {
  try {
    return Manifest.parse(readFileSync(path, "latin1"));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new BrokenSource(`${path}: ${error.message}`);
  }
}

/** Keeps what was warned of last, which says more than the error. */
class LastWarning extends Log {
  last = "";

  constructor() {
    super({ level: "nothing", file: "" });
  }

  override warning(message: string): void {
    this.last = message;
  }
}
