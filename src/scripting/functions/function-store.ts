/** The function libraries of a server: loading, deleting, and carrying them to other servers, in files and in payloads. */

import { equalBytes } from "../../base/bytes.ts";
import type { Config } from "../../config/config.ts";
import type { Log } from "../../log.ts";
import type { Frame } from "../../protocol/frame.ts";
import { ScriptFlag } from "../../session/script-flags.ts";
import type { Libraries, StagedLibraries } from "../../snapshot/libraries.ts";
import { LoadError } from "../../snapshot/load-handler.ts";
import { PayloadWriter } from "../../snapshot/sinks/dump.ts";
import { type Engine, Library, LibraryError, type LibraryFunction, type LibraryMetadata, readMetadata } from "./library.ts";
import { LibrarySet } from "./library-set.ts";
import { readLibraries } from "./payload.ts";
import { PrivilegedStore } from "./privileged-store.ts";

/** What FUNCTION RESTORE does with the libraries that are there. */
export type RestorePolicy = "append" | "replace" | "flush";

/**
 * Where a change comes from: a client, one that may load privileged libraries, or a copy of what a server wrote (a master's stream, the
 * append-only file, an image, a payload): in copies there are no privileged libraries, and they say nothing about those there are.
 */
export type Origin = "client" | "trusted" | "copy";

interface MakeOptions {
  /** How long its text may run, in ms; 0 for no limit. */
  readonly limitMs: number;
  readonly origin: Origin;
}

export interface LoadOptions extends MakeOptions {
  /** Whether a library of the same name gives way. */
  readonly replace: boolean;
}

/** What became of a library that was loaded. */
export interface Loaded {
  readonly name: string;
  /** Other servers are not to get it. */
  readonly privileged: boolean;
  /** It took the place of one that they have. */
  readonly replacedPortable: boolean;
}

const NOT_ALLOWED =
  'Functions in TypeScript or JavaScript not allowed. If the enable-typescript-functions option is set to "local", you can load them from a ' +
  "local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

/** What is counted of the libraries of one engine. */
export interface EngineStats {
  readonly libraries: number;
  readonly functions: number;
}

/** What C would need to keep a library or a function, beside their texts: for INFO, in bytes. */
const RECORD_BYTES = 96;

export class FunctionStore implements Libraries {
  /** By lower-case name. */
  readonly engines: ReadonlyMap<string, Engine>;
  /** What images, files and streams carry to other servers. Of functions of one name these come first. */
  private portable = new LibrarySet();
  readonly privileged: PrivilegedStore;
  /** The function called last, by the name that it was called. Null again once libraries change. */
  private last: { readonly name: Buffer; readonly callee: LibraryFunction } | null = null;

  constructor(engines: readonly Engine[], surroundings: { readonly config: Config; readonly log: Log }) {
    this.engines = new Map(engines.map((engine) => [engine.name.toLowerCase(), engine]));
    this.privileged = new PrivilegedStore({
      config: surroundings.config,
      log: surroundings.log,
      make: (text) => this.make(text, { limitMs: 0, origin: "trusted" }),
      changed: () => {
        this.last = null;
      },
    });
  }

  /** Those that there are, oldest first, privileged ones last. */
  get libraries(): readonly Library[] {
    return [...this.portable.libraries.values(), ...this.privileged.set.libraries.values()];
  }

  get functionCount(): number {
    return this.portable.functionCount + this.privileged.set.functionCount;
  }

  /** The function that argument 1 of FCALL names in any case. Hot: the one called last is found by its bytes. */
  calledBy(frame: Frame): LibraryFunction | undefined {
    if (frame.count < 2) return undefined;
    const { last } = this;
    const from = frame.offsets[1];
    const length = frame.lengths[1];
    if (last !== null && last.name.length === length && equalBytes(last.name, 0, frame.buffer, from, length)) return last.callee;
    const name = frame.text(1);
    const callee = this.portable.find(name) ?? this.privileged.set.find(name);
    if (callee !== undefined) this.last = { name: frame.argument(1), callee };
    return callee;
  }

  /** What that function says about itself: bits of ScriptFlag; COMPATIBLE where there is none. */
  flagsOf(frame: Frame): number {
    return this.calledBy(frame)?.flags ?? ScriptFlag.COMPATIBLE;
  }

  /** The engines that libraries may be loaded into. */
  get enginesInUse(): readonly Engine[] {
    return [...this.engines.values()].filter(({ privileged }) => !privileged || this.privileged.enabled);
  }

  statsOf(engine: Engine): EngineStats {
    const own = this.libraries.filter((library) => library.engine === engine);
    return { libraries: own.length, functions: own.reduce((sum, { functions }) => sum + functions.size, 0) };
  }

  /** Bytes that engines take, with what they make of libraries. */
  get engineBytes(): number {
    let bytes = 0;
    for (const { usedBytes } of this.engines.values()) bytes += usedBytes;
    return bytes;
  }

  /** Bytes that texts and names take. */
  get usedBytes(): number {
    let bytes = 0;
    for (const { name, text, functions } of this.libraries) {
      bytes += RECORD_BYTES + name.length + text.length;
      for (const each of functions.values()) bytes += RECORD_BYTES + each.name.length + (each.description?.length ?? 0);
    }
    return bytes;
  }

  // ---- changing

  /** Loads a library. Errors: LibraryError, and all is as it was. */
  load(text: string, { replace, limitMs, origin }: LoadOptions): Loaded {
    const { portable, privileged } = this;
    const metadata = readMetadata(text);
    const { name } = metadata;
    const engine = this.engineFor(metadata, origin);
    const sets = origin === "copy" ? [portable] : [portable, privileged.set];
    if (!replace && sets.some(({ libraries }) => libraries.has(name))) throw new LibraryError(`Library '${name}' already exists`);
    const library = this.makeOf(metadata, engine, text, limitMs);
    this.last = null;
    try {
      for (const set of sets) set.check(library);
      if (engine.privileged) privileged.put(library);
      else {
        if (origin !== "copy") privileged.delete(name);
        portable.link(library);
      }
    } catch (error) {
      library.release();
      throw error;
    }
    return { name, privileged: engine.privileged, replacedPortable: engine.privileged && portable.unlink(name) };
  }

  /** Makes a library, to be linked by the caller. Errors: LibraryError. */
  private make(text: string, { limitMs, origin }: MakeOptions): Library {
    const metadata = readMetadata(text);
    return this.makeOf(metadata, this.engineFor(metadata, origin), text, limitMs);
  }

  private engineFor({ engine: language }: LibraryMetadata, origin: Origin): Engine {
    const engine = this.engines.get(language.toLowerCase());
    if (engine === undefined || (engine.privileged && origin === "copy")) throw new LibraryError(`Engine '${language}' not found`);
    if (engine.privileged && origin !== "trusted") throw new LibraryError(NOT_ALLOWED);
    return engine;
  }

  private makeOf({ name, code }: LibraryMetadata, engine: Engine, text: string, limitMs: number): Library {
    const library = new Library(name, engine, text);
    try {
      engine.load(library, code, limitMs);
      if (library.functions.size === 0) throw new LibraryError("No functions registered");
    } catch (error) {
      library.release();
      throw error;
    }
    return library;
  }

  /** Returns what kind of library was deleted, or null where there is none of this name. Errors: LibraryError, and it stays. */
  delete(name: string, origin: Origin): "portable" | "privileged" | null {
    this.last = null;
    if (this.portable.unlink(name)) return "portable";
    return origin !== "copy" && this.privileged.delete(name) ? "privileged" : null;
  }

  /** Deletes all of them. Errors: LibraryError, and they stay. */
  flush(origin: Origin): void {
    if (origin !== "copy") this.privileged.clear();
    this.clear();
  }

  // ---- payloads

  dump(options: { readonly compress: boolean }): Buffer {
    return new PayloadWriter(options).writeLibraries(this.texts());
  }

  /** Loads the libraries of the payload bytes[from, to), its footer checked before. Errors: LibraryError, and all is as it was. */
  restore(bytes: Buffer, from: number, to: number, policy: RestorePolicy, { limitMs, origin }: MakeOptions): void {
    const restored = new LibrarySet();
    const { portable, privileged } = this;
    const replace = policy === "replace";
    this.last = null;
    try {
      readLibraries(bytes, from, to, (text) => this.addTo(restored, text, limitMs));
      if (policy === "flush") {
        this.flush(origin);
        this.portable = restored;
        return;
      }
      portable.checkAll(restored, { replace });
      if (origin !== "copy") privileged.set.checkAll(restored, { replace });
      if (origin !== "copy") for (const name of restored.libraries.keys()) privileged.delete(name);
      portable.join(restored, { replace });
    } catch (error) {
      restored.clear();
      throw error;
    }
  }

  private addTo(set: LibrarySet, text: string, limitMs: number): void {
    const { name } = readMetadata(text);
    if (set.libraries.has(name)) throw new LibraryError(`Library '${name}' already exists`);
    const library = this.make(text, { limitMs, origin: "copy" });
    try {
      set.link(library);
    } catch (error) {
      library.release();
      throw error;
    }
  }

  // ---- files and images

  texts(): string[] {
    return this.portable.texts();
  }

  take(text: string, { replace }: { readonly replace: boolean }): void {
    ofImage(() => this.load(text, { replace, limitMs: 0, origin: "copy" }));
  }

  stage(): StagedLibraries {
    const staged = new LibrarySet();
    return {
      take: (text) => ofImage(() => this.addTo(staged, text, 0)),
      adopt: () => {
        this.clear();
        this.portable = staged;
      },
      discard: () => staged.clear(),
    };
  }

  clear(): void {
    this.last = null;
    this.portable.clear();
  }
}

/** Takes a library of an image. Errors: LoadError. */
function ofImage(take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    throw new LoadError(`Failed loading library, ${error.message}`, { cause: error });
  }
}
