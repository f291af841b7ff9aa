/** Libraries and their functions by name, none of them twice. */

import { type Library, LibraryError, type LibraryFunction } from "./library.ts";

export class LibrarySet {
  readonly libraries = new Map<string, Library>();
  /** By lower-case name: of functions of one library whose names differ in case only, the first one. */
  private readonly functions = new Map<string, LibraryFunction>();

  /** How many functions can be called. */
  get functionCount(): number {
    return this.functions.size;
  }

  texts(): string[] {
    return Array.from(this.libraries.values(), ({ text }) => text);
  }

  /** The function of this name in any case. */
  find(name: string): LibraryFunction | undefined {
    return this.functions.get(name.toLowerCase());
  }

  /** Errors: LibraryError when `link` cannot take the library: another one has a function of a name that it has. */
  check(library: Library): void {
    this.checkFunctions(library, (owner) => owner.name === library.name);
  }

  /** Adds a library, in the place of the one of its name. Errors: those of `check`, and nothing is added. */
  link(library: Library): void {
    this.check(library);
    this.release(library.name);
    this.put(library);
  }

  /** Errors: LibraryError when `join` cannot take them: a name is there already, of a library unless `replace`, or of a function. */
  checkAll({ libraries }: LibrarySet, { replace }: { readonly replace: boolean }): void {
    for (const { name } of libraries.values()) {
      if (!replace && this.libraries.has(name)) throw new LibraryError(`Library ${name} already exists`);
    }
    for (const library of libraries.values()) this.checkFunctions(library, (owner) => libraries.has(owner.name));
  }

  /** Adds all libraries of another set. Errors: those of `checkAll`, and nothing is added. */
  join(others: LibrarySet, options: { readonly replace: boolean }): void {
    this.checkAll(others, options);
    const { libraries } = others;
    // All that is replaced goes first: a function may have moved from one library to another.
    for (const name of libraries.keys()) this.release(name);
    for (const library of libraries.values()) this.put(library);
  }

  /** Returns whether there was a library of this name. */
  unlink(name: string): boolean {
    this.release(name);
    return this.libraries.delete(name);
  }

  /** Takes all of them out. */
  clear(): void {
    for (const name of [...this.libraries.keys()]) this.unlink(name);
  }

  private checkFunctions(library: Library, goes: (owner: Library) => boolean): void {
    for (const { name } of library.functions.values()) {
      const other = this.find(name);
      if (other !== undefined && !goes(other.library)) throw new LibraryError(`Function ${name} already exists`);
    }
  }

  private put(library: Library): void {
    this.libraries.set(library.name, library);
    for (const each of library.functions.values()) {
      const key = each.name.toLowerCase();
      if (!this.functions.has(key)) this.functions.set(key, each);
    }
  }

  /** The library of this name, if there is one, is about to go. */
  private release(name: string): void {
    const library = this.libraries.get(name);
    if (library === undefined) return;
    for (const each of library.functions.keys()) this.functions.delete(each.toLowerCase());
    library.release();
  }
}
