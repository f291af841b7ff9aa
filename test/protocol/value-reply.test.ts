import { describe, expect, test } from "bun:test";
import { NO_SINK } from "../../src/protocol/reply.ts";
import { ValueReply } from "../../src/protocol/value-reply.ts";

/** Text as it is, errors as their messages. */
class TextReply extends ValueReply {
  readonly pushes: (readonly unknown[])[] = [];

  get value(): unknown {
    return this.first;
  }

  protected textValue(bytes: Buffer, from: number, to: number): string {
    return bytes.toString("utf8", from, to);
  }

  protected errorValue(message: string): string {
    return `-${message}`;
  }

  protected override pushed(message: readonly unknown[]): void {
    this.pushes.push(message);
  }
}

const OTHER_SINK = { send() {} };

describe("replies as values", () => {
  test("have aggregates in each other, and leave attributes out", () => {
    const reply = new TextReply();
    reply.sink = OTHER_SINK;
    reply.array(3);
    reply.map(1);
    reply.bulk("key");
    reply.set(2);
    reply.integer(1);
    reply.integer(1);
    reply.attribute(1);
    reply.bulk("ttl");
    reply.integer(5);
    reply.array(0);
    reply.doubleText("inf");
    expect(reply.value).toEqual([new Map([["key", new Set([1])]]), [], Number.POSITIVE_INFINITY]);
  });

  test("keep messages apart from answers", () => {
    const reply = new TextReply();
    reply.sink = OTHER_SINK;
    reply.push(3);
    reply.bulk("subscribe");
    reply.bulk("news");
    reply.integer(1);
    reply.ok();
    expect([reply.value, reply.pushes]).toEqual(["OK", [["subscribe", "news", 1]]]);
  });

  test("are taken back to where a command began, within the answers of a transaction", () => {
    const reply = new TextReply();
    reply.sink = OTHER_SINK;
    reply.array(3);
    reply.ok();
    for (const write of [() => reply.array(2), () => reply.integer(7), () => [reply.array(1), reply.integer(1)]]) {
      const before = reply.written;
      write();
      expect(reply.takeBack(before)).toBe(true);
    }
    const before = reply.written;
    reply.array(2);
    reply.bulk("half");
    expect(reply.takeBack(before)).toBe(true);
    reply.error("ERR failed");
    reply.integer(3);
    expect(reply.value).toEqual(["OK", "-ERR failed", 3]);
    reply.begin();
    const mark = reply.written;
    reply.array(2);
    reply.integer(1);
    expect(reply.takeBack(mark)).toBe(true);
    reply.error("ERR alone");
    expect(reply.value).toBe("-ERR alone");
  });

  test("that are for no one are dropped, and one that goes on for the same sink goes on", () => {
    const reply = new TextReply();
    reply.sink = OTHER_SINK;
    const muted = reply.divert(NO_SINK, 3);
    reply.bulk("unheard");
    reply.rejoin(muted);
    expect(reply.value).toBeUndefined();
    reply.array(2);
    reply.integer(1);
    const later = reply.divert(OTHER_SINK, 3);
    reply.integer(2);
    reply.rejoin(later);
    expect(reply.value).toEqual([1, 2]);
  });
});
