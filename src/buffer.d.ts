/** Buffer methods that Bun and Node have and their type packages do not mention: the fastest way between bytes and strings. */
interface Buffer {
  latin1Slice(from?: number, to?: number): string;
  latin1Write(text: string, at?: number, length?: number): number;
  utf8Write(text: string, at?: number, length?: number): number;
  utf8Slice(from?: number, to?: number): string;
}
