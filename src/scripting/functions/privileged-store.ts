/**
 * The libraries whose code has the rights of the server, in TypeScript and JavaScript. No other kind of server can run them, and none is
 * to get them unasked: no image, append-only file or stream has them. They are kept in a file of their own, and replicas that said they
 * want them are told by notes (replication/master/note.ts).
 */

import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Log } from "../../log.ts";
import type { PrivilegedLibraries } from "../../replication/context.ts";
import { LoadError } from "../../snapshot/load-handler.ts";
import { type Library, LibraryError } from "./library.ts";
import { LibraryFileError, readLibraryFile, writeLibraryFile } from "./library-file.ts";
import { LibrarySet } from "./library-set.ts";

export interface PrivilegedOptions {
  readonly config: Config;
  readonly log: Log;
  /** Makes a library of a text. Errors: LibraryError. */
  readonly make: (text: string) => Library;
  /** Told when libraries have come or gone. */
  readonly changed: () => void;
}

export class PrivilegedStore implements PrivilegedLibraries {
  readonly set = new LibrarySet();
  private readonly options: PrivilegedOptions;
  private listeners: (() => void)[] = [];

  constructor(options: PrivilegedOptions) {
    this.options = options;
  }

  private get path(): string {
    const { dir, dbfilename } = this.options.config.values;
    return resolve(dir, `${dbfilename}.functions`);
  }

  // ---- who may bring libraries

  get enabled(): boolean {
    return this.options.config.values["enable-typescript-functions"] !== "no";
  }

  admits({ isLocal }: { readonly isLocal: boolean }): boolean {
    const allowed = this.options.config.values["enable-typescript-functions"];
    return allowed === "yes" || (allowed === "local" && isLocal);
  }

  // ---- changing: the file first, so that what was answered is there after a crash

  /** Adds a library, in the place of the one of its name. Errors: LibraryError, and nothing is added. */
  put(library: Library): void {
    this.set.check(library);
    const others = [...this.set.libraries.values()].filter(({ name }) => name !== library.name);
    this.save([...others.map(({ text }) => text), library.text]);
    this.set.link(library);
    this.changed();
  }

  /** Returns whether there was a library of this name. Errors: LibraryError, and it stays. */
  delete(name: string): boolean {
    if (!this.set.libraries.has(name)) return false;
    this.save([...this.set.libraries.values()].filter((library) => library.name !== name).map(({ text }) => text));
    this.set.unlink(name);
    this.changed();
    return true;
  }

  /** Takes all of them out. Errors: LibraryError, and they stay. */
  clear(): void {
    if (this.set.libraries.size === 0) return;
    this.save([]);
    this.set.clear();
    this.changed();
  }

  private save(texts: readonly string[]): void {
    if (!this.options.config.hasFolder) return;
    try {
      writeLibraryFile(this.path, texts);
    } catch (error) {
      if (!(error instanceof LibraryFileError)) throw error;
      this.options.log.warning(error.message);
      throw new LibraryError("The functions file cannot be written, see the server log");
    }
  }

  private changed(): void {
    this.options.changed();
    for (const listener of this.listeners) listener();
  }

  // ---- the file, and replicas

  /** Loads what is in the file, at the start. Errors: LoadError, logged. */
  load(): void {
    const { log, config } = this.options;
    if (!config.hasFolder) return;
    const { path } = this;
    try {
      const texts = readLibraryFile(path);
      if (texts.length === 0) return;
      if (!this.enabled) {
        log.warning(`The functions of ${path} are not loaded: directive enable-typescript-functions is off`);
        return;
      }
      for (const text of texts) this.add(text);
      this.options.changed();
      log.notice(`Functions loaded from ${path}: ${texts.length} libraries`);
    } catch (error) {
      if (!(error instanceof LibraryError || error instanceof LibraryFileError)) throw error;
      const message = error instanceof LibraryError ? `Fatal error loading the functions of ${path}: ${error.message}` : error.message;
      log.warning(message);
      throw new LoadError(message, { cause: error });
    }
  }

  /** Errors: LibraryError. */
  private add(text: string): void {
    const library = this.options.make(text);
    try {
      if (!library.engine.privileged) throw new LibraryError(`Library '${library.name}' is none of those`);
      this.set.link(library);
    } catch (error) {
      library.release();
      throw error;
    }
  }

  texts(): readonly string[] {
    return this.set.texts();
  }

  replaceAll(texts: readonly string[]): void {
    const { log } = this.options;
    if (Bun.deepEquals(texts, this.texts())) return;
    const former = new Map(Array.from(this.set.libraries.values(), (library) => [library.text, library] as const));
    for (const [text, library] of former) if (!texts.includes(text)) this.set.unlink(library.name);
    for (const text of texts) {
      if (former.has(text)) continue;
      try {
        this.add(text);
      } catch (error) {
        if (!(error instanceof LibraryError)) throw error;
        log.warning(`A library of MASTER cannot be loaded: ${error.message}`);
      }
    }
    try {
      this.save(this.texts());
    } catch (error) {
      if (!(error instanceof LibraryError)) throw error;
    }
    this.changed();
  }

  onChange(listener: () => void): () => void {
    this.listeners.push(listener);
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }
}
