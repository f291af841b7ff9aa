/** What the notations of contracts (command-syntax.ts, reply-shape.ts) are read with: a text, and a place in it. */

export abstract class NotationReader {
  protected readonly text: string;
  protected position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** What a sticky pattern matches here. Errors: SyntaxError, with what was `wanted`. */
  protected match(pattern: RegExp, wanted: string): string {
    pattern.lastIndex = this.position;
    const [found] = pattern.exec(this.text) ?? [];
    if (found === undefined) throw this.error(wanted);
    this.position += found.length;
    return found;
  }

  /** What stands between quotes, or null where there is none here. Errors: SyntaxError where it has no end. */
  protected quotedText(): string | null {
    if (this.text[this.position] !== "'") return null;
    const end = this.text.indexOf("'", this.position + 1);
    if (end < 0) throw this.error("a quote that ends");
    const inside = this.text.slice(this.position + 1, end);
    this.position = end + 1;
    return inside;
  }

  /** Passes `mark` if it stands here. Returns whether it did. */
  protected take(mark: string): boolean {
    if (!this.text.startsWith(mark, this.position)) return false;
    this.position += mark.length;
    return true;
  }

  protected skipSpace(): void {
    while (/\s/.test(this.text.charAt(this.position))) this.position++;
  }

  protected error(wanted: string): SyntaxError {
    return new SyntaxError(`${wanted} is wanted at "${this.text.slice(this.position)}" of "${this.text}"`);
  }
}
