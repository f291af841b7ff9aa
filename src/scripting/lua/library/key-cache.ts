/**
 * Keys of JSON objects come again and again. A piece cut out of a text costs a Map 100 ns (it has to be copied and hashed), a string that
 * has been a key before 40 ns: so keys that are seen twice are kept. Hot.
 */

const SIZE = 512;
/** Longer keys are not kept. */
const LONGEST = 48;

export class KeyCache {
  /** For each place the hash of the key that was there last, and the key if it came twice. */
  private readonly hashes = new Int32Array(SIZE);
  private readonly keys: string[] = new Array<string>(SIZE).fill("");

  /** The characters of `text` from `start` up to `end`. `hash`: of them, however it is computed. */
  find(text: string, start: number, end: number, hash: number): string {
    return this.kept(text, start, end, hash) || text.slice(start, end);
  }

  /** Likewise, but only as a string of its own, if they came before; else "". */
  kept(text: string, start: number, end: number, hash: number): string {
    const place = (hash ^ (hash >>> 16)) & (SIZE - 1);
    const length = end - start;
    if (this.hashes[place] !== hash || length > LONGEST) {
      this.hashes[place] = hash;
      this.keys[place] = "";
      return "";
    }
    const key = this.keys[place] as string;
    if (key.length === length && isAt(key, text, start)) return key;
    // A copy: what slice returns would keep the whole text alive.
    const copy = Buffer.from(text.slice(start, end), "latin1").toString("latin1");
    this.keys[place] = copy;
    return copy;
  }
}

function isAt(key: string, text: string, start: number): boolean {
  for (let at = 0; at < key.length; at++) {
    if (key.charCodeAt(at) !== text.charCodeAt(start + at)) return false;
  }
  return true;
}
