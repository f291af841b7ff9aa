import { expect, test } from "bun:test";
import { ErrorReply, type Value, ValueDecoder } from "../../src/compare/reply-decoder.ts";

const BYTES = Buffer.from(
  "+OK\r\n-ERR no\r\n:-7\r\n$5\r\na\r\n\xffb\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*3\r\n:1\r\n*0\r\n$0\r\n\r\n+x\r\n",
  "latin1",
);
const VALUES: Value[] = ["OK", new ErrorReply("ERR no"), -7, "a\r\n\xffb", null, null, [], [[1, [], ""], "x"]];

test("replies are read however their bytes are cut", () => {
  for (let first = 0; first <= BYTES.length; first++) {
    for (let second = first; second <= BYTES.length; second += 7) {
      const decoder = new ValueDecoder();
      const values: Value[] = [];
      for (const [from, to] of [
        [0, first],
        [first, second],
        [second, BYTES.length],
      ]) {
        decoder.take(BYTES.subarray(from, to), (value) => values.push(value));
      }
      expect(values).toEqual(VALUES);
    }
  }
});

test.each(["x", "%1\r\n", "*x\r\n", "$x\r\n"])("what is no reply of RESP2 is refused: %p", (text) => {
  expect(() => new ValueDecoder().take(Buffer.from(`${text}\r\n`), () => {})).toThrow();
});
