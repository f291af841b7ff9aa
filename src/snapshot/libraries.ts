/** What files and images need of function libraries, declared here because those who keep them (scripting/functions) stand above. */
export interface Libraries {
  /** The text of each library as it is now: bytes, one character each. */
  texts(): readonly string[];
  /** Takes a library of an image; `replace`: in the place of one of its name. Errors: LoadError. */
  take(text: string, options: { readonly replace: boolean }): void;
  /** Deletes all of them. That is no change. */
  clear(): void;
  /** Returns a place for the libraries of an image that is loaded while those there are can still be called. */
  stage(): StagedLibraries;
}

export interface StagedLibraries {
  /** Errors: LoadError. */
  take(text: string): void;
  /** They take the place of those that there are. Nothing is staged any more. */
  adopt(): void;
  discard(): void;
}
