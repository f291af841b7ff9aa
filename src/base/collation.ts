/**
 * The order of strings in a language, as the C library has it: strcoll's, which SORT ALPHA follows. It is had by strings that compare as
 * bytes as the others do in the language (strxfrm).
 */

import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

/** Where the C library is, and its mask of LC_COLLATE: glibc, musl, macOS. */
const LIBRARIES: readonly (readonly [library: string, mask: number])[] =
  process.platform === "darwin"
    ? [["libSystem.B.dylib", 1]]
    : [
        ["libc.so.6", 8],
        [`libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, 8],
      ];

/** Locales whose order is that of bytes. */
export const BY_BYTES = /^(C|POSIX|C\.utf-?8)$/i;
const FIRST_BYTES = 256;

function open() {
  for (const [library, mask] of LIBRARIES) {
    try {
      const { symbols } = dlopen(library, {
        newlocale: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.ptr },
        freelocale: { args: [FFIType.ptr], returns: FFIType.void },
        strxfrm_l: { args: [FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr], returns: FFIType.u64 },
      });
      return { mask, calls: symbols };
    } catch {
      // It is another C library's.
    }
  }
  return null;
}

export class Collation {
  private library: ReturnType<typeof open> = null;
  /** null: the order of bytes. */
  private locale: Pointer | bigint | null = null;
  private text = Buffer.alloc(FIRST_BYTES);
  private key = Buffer.alloc(FIRST_BYTES);

  /** Whether strings have the order of their bytes. */
  get byBytes(): boolean {
    return this.locale === null;
  }

  /** Takes the order of this locale from now on; "" is the environment's. Returns false, all being as before, when there is none of the name. */
  use(name: string): boolean {
    const meant = name === "" ? ofEnvironment() : name;
    if (BY_BYTES.test(meant)) {
      this.take(null);
      return true;
    }
    this.library ??= open();
    const locale = this.library?.calls.newlocale(this.library.mask, ptr(Buffer.from(`${meant}\0`, "latin1")), null) ?? null;
    if (locale === null) return false;
    this.take(locale);
    return true;
  }

  private take(locale: Pointer | bigint | null): void {
    if (this.locale !== null) this.library?.calls.freelocale(this.locale as Pointer);
    this.locale = locale;
  }

  /** The bytes by which bytes[from, to) are compared, up to a zero byte as in C. They are good until the next call. */
  keyOf(bytes: Buffer, from: number, to: number): Buffer {
    const { library, locale } = this;
    const length = to - from;
    if (library === null || locale === null) return bytes.subarray(from, to);
    if (length >= this.text.length) this.text = Buffer.alloc(2 * length + 1);
    bytes.copy(this.text, 0, from, to);
    this.text[length] = 0;
    for (;;) {
      const needed = Number(library.calls.strxfrm_l(ptr(this.key), ptr(this.text), BigInt(this.key.length), locale as Pointer));
      if (needed < this.key.length) return this.key.subarray(0, needed);
      this.key = Buffer.alloc(2 * needed + 1);
    }
  }
}

/** The locale that the environment names for the order of strings; on Windows there is none to be had. */
function ofEnvironment(): string {
  if (process.platform === "win32") return "C";
  const { LC_ALL, LC_COLLATE, LANG } = process.env;
  return LC_ALL || LC_COLLATE || LANG || "C";
}
