/** What files and images need of function libraries, declared here because those who keep them (scripting/functions) stand above. */
export interface Libraries {
  /** The text of each library as it is now: bytes, one character each. */
  texts(): readonly string[];
  /** Takes a library of an image; `replace`: in the place of one of its name. Errors: LoadError. */
  take(text: string, options: { readonly replace: boolean }): void;
  /** Deletes all of them. That is no change. */
  clear(): void;
}
