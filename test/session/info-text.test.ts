import { describe, expect, test } from "bun:test";
import { humanBytes, InfoText } from "../../src/session/info-text.ts";
import { property } from "../support/property.ts";

function textOf(out: InfoText): string {
  return out.bytes.toString("utf8", 0, out.length);
}

describe("the text of a section of INFO", () => {
  test("has a header and a line for each value", () => {
    const out = new InfoText("Title");
    out.add("number", 12);
    out.add("truth", true);
    out.add("big", 12345678901234567890n);
    out.add("text", "héllo");
    out.whole("whole", 1.9);
    out.ratio("ratio", Number.NaN);
    out.ratio("share", 12.345, 1, "%");
    out.bytesOf("memory", 1536);
    expect(textOf(out)).toBe(
      "# Title\r\nnumber:12\r\ntruth:1\r\nbig:12345678901234567890\r\ntext:héllo\r\nwhole:1\r\nratio:0.00\r\nshare:12.3%\r\nmemory:1536\r\nmemory_human:1.50K\r\n",
    );
    out.restart();
    expect(textOf(out)).toBe("# Title\r\n");
  });

  test("writes a line again after another one was written in its place", () => {
    const out = new InfoText("Title");
    out.add("first", 1);
    out.add("second", 2);
    out.restart();
    out.add("first", 12345678901234);
    out.restart();
    out.add("first", 1);
    out.add("second", 2);
    expect(textOf(out)).toBe("# Title\r\nfirst:1\r\nsecond:2\r\n");
  });

  property("written again and again, with lines that come and go, it is what a new one would be", (random) => {
    const kept = new InfoText("Title");
    const values = Array.from({ length: 30 }, () => random.below(100));
    for (let round = 0; round < 300; round++) {
      for (let change = 0; change < 3; change++) values[random.below(30)] = random.pick([0, 7, 100, 4096, 1e9, 12.5]);
      let expected = "# Title\r\n";
      kept.restart();
      const skipped = random.below(60);
      const last = random.chance(0.2) ? random.below(30) : 30;
      for (const [index, value] of values.entries()) {
        if (index === skipped || index >= last) continue;
        const name = `line${index % 10}`;
        if (index % 3 === 0) {
          kept.add(name, value);
          expected += `${name}:${value}\r\n`;
        } else if (index % 3 === 1) {
          kept.ratio(name, value);
          expected += `${name}:${value.toFixed(2)}\r\n`;
        } else {
          kept.bytesOf(name, value);
          expected += `${name}:${value}\r\n${name}_human:${humanBytes(value)}\r\n`;
        }
      }
      expect(textOf(kept)).toBe(expected);
    }
  });
});
