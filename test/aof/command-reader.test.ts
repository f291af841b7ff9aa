import { describe, expect, test } from "bun:test";
import { CommandFormatError, CommandReader } from "../../src/aof/command-reader.ts";
import { encodeCommand } from "../support/client.ts";

const COMMANDS = [["SET", "a", "1"], ["RPUSH", "list", "", "x".repeat(70), "y\r\nz"], ["PING"]];
const ENCODED = COMMANDS.map((words) => encodeCommand(words));
const NOTE = Buffer.from("#TS:1700000000\r\n");
const STREAM = Buffer.concat([NOTE, ENCODED[0], NOTE, NOTE, ENCODED[1], ENCODED[2]]);
const ENDS = [NOTE.length + ENCODED[0].length, STREAM.length - ENCODED[2].length, STREAM.length].map((end) => end + 1000);

function reading() {
  const seen: string[][] = [];
  const ends: number[] = [];
  const reader = new CommandReader(1000, (frame, end) => {
    seen.push(Array.from({ length: frame.count }, (_, index) => frame.text(index)));
    ends.push(end);
  });
  return { reader, seen, ends };
}

describe("commands in a file", () => {
  test("are read wherever the bytes are cut, and it is known where each ends", () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const { reader, seen, ends } = reading();
      // Somewhere in a larger buffer, which is used again for the next piece.
      const chunk = Buffer.alloc(STREAM.length + 7, "!");
      STREAM.copy(chunk, 7, 0, cut);
      reader.push(chunk, 7, 7 + cut);
      chunk.fill("?");
      STREAM.copy(chunk, 3, cut);
      reader.push(chunk, 3, 3 + STREAM.length - cut);
      expect({ cut, seen, ends, incomplete: reader.incomplete }).toEqual({ cut, seen: COMMANDS, ends: ENDS, incomplete: false });
    }
  });

  test("are read byte by byte", () => {
    const { reader, seen, ends } = reading();
    for (const byte of STREAM) reader.push(Buffer.of(byte), 0, 1);
    expect([seen, ends, reader.offset]).toEqual([COMMANDS, ENDS, STREAM.length + 1000]);
  });

  test("that are not all there are known to be incomplete", () => {
    for (let length = 1; length < ENCODED[1].length; length++) {
      const { reader, seen } = reading();
      reader.push(ENCODED[1], 0, length);
      expect([reader.incomplete, seen.length, reader.offset]).toEqual([true, 0, 1000]);
    }
  });

  for (const text of ["!!!", "*0\r\n", "*x\r\n", "PING\r\n", "*1\r\n+PING\r\n", "*1\r\n$-1\r\n", "\0\0\0"]) {
    test(`are not ${JSON.stringify(text)}`, () => {
      const { reader } = reading();
      const bytes = Buffer.concat([ENCODED[0], Buffer.from(text)]);
      expect(() => reader.push(bytes, 0, bytes.length)).toThrow(CommandFormatError);
    });
  }
});
