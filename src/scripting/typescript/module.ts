/**
 * The code of a library in TypeScript or JavaScript as a module of Bun's, which strips the types, finds the modules it imports and knows
 * the line of every error. It has the rights of the server.
 */

/** What `code` may use while it runs. A module finds it by this symbol, for as long as it is being loaded. */
const PROVIDED = Symbol.for("replicant.library");

export type Language = "typescript" | "javascript";

/** File names, by which Bun knows the language. */
const FILE_NAMES: Readonly<Record<Language, string>> = { typescript: "library.ts", javascript: "library.js" };
const LOADERS: Readonly<Record<Language, "ts" | "js">> = { typescript: "ts", javascript: "js" };

/** Loaded when a library is: a start needs none of it. */
function nodeModule() {
  return process.getBuiltinModule("node:module");
}

/** Code that cannot be made a module. */
export class CompileError extends Error {
  override name = "CompileError";
  /** From 1; 0 where it is not known. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

export class LibraryModule {
  private readonly url: string;

  /** `code`: its first line is empty, where the library says what it is. Errors: CompileError. */
  constructor(code: string, language: Language) {
    checkImports(code, language);
    // On the first line, so that all others keep their numbers.
    const whole = `const { registerFunction } = globalThis[Symbol.for(${JSON.stringify(PROVIDED.description)})];${code}`;
    this.url = URL.createObjectURL(new File([whole], FILE_NAMES[language]));
  }

  /** Runs the code. Errors: CompileError, whatever it throws. */
  run(provided: { readonly registerFunction: unknown }): void {
    const { url } = this;
    const require = nodeModule().createRequire(import.meta.url);
    Object.defineProperty(globalThis, PROVIDED, { value: provided, configurable: true });
    try {
      require(url);
    } catch (error) {
      throw asCompileError(error) ?? error;
    } finally {
      Reflect.deleteProperty(globalThis, PROVIDED);
      delete require.cache[url];
      URL.revokeObjectURL(url);
    }
  }

  /** The line of the library that an error was thrown from, as its stack has it; 0 if it is not known. */
  lineOf(error: unknown): number {
    let stack: unknown;
    try {
      stack = error instanceof Error ? error.stack : undefined;
    } catch {
      return 0;
    }
    if (typeof stack !== "string") return 0;
    const at = stack.indexOf(`${this.url}:`);
    return at < 0 ? 0 : Number.parseInt(stack.slice(at + this.url.length + 1), 10) || 0;
  }
}

/** Bun's own modules and Node's can be imported, and no files: they would have to be on every server that the library gets to. */
function checkImports(code: string, language: Language): void {
  let imports: readonly { readonly path: string }[];
  try {
    ({ imports } = new Bun.Transpiler({ loader: LOADERS[language] }).scan(code));
  } catch (error) {
    throw asCompileError(error) ?? error;
  }
  const strange = imports.find(({ path }) => !nodeModule().isBuiltin(path) && path !== "bun" && !path.startsWith("bun:"));
  if (strange === undefined) return;
  throw new CompileError(`module '${strange.path}' cannot be imported: only Bun's own and Node's can`, lineWith(code, strange.path));
}

/** The first line that has a module's name in quotes. */
function lineWith(code: string, path: string): number {
  return code.split("\n").findIndex((line) => line.includes(`"${path}"`) || line.includes(`'${path}'`)) + 1;
}

/** The first of what Bun says against code, or null for an error of another kind. */
function asCompileError(error: unknown): CompileError | null {
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [error];
  if (first instanceof BuildMessage || first instanceof ResolveMessage) return new CompileError(first.message, first.position?.line ?? 0);
  if (first instanceof TypeError && first.message.startsWith("require() async module")) {
    return new CompileError("await is not possible outside of functions", 0);
  }
  return null;
}
