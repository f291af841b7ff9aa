import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoteWord, splitWords } from "../../src/base/words.ts";
import { Config } from "../../src/config/config.ts";
import { Loader } from "../../src/config/file.ts";
import { machine } from "../../src/config/surroundings.ts";
import { MemoryFiles } from "./memory-files.ts";

function load(files: Readonly<Record<string, string>>, path = "/etc/r.conf"): Config {
  const memory = new MemoryFiles(files);
  const loader = new Loader(memory.read, memory);
  loader.loadFile(path);
  return new Config(loader.finish(path), memory);
}

function text(content: string): Config {
  return load({ "/etc/r.conf": content });
}

describe("words of a line", () => {
  const lines: readonly (readonly [line: string, words: readonly string[] | null])[] = [
    ["", []],
    [" \t ", []],
    ["port 6379", ["port", "6379"]],
    ["  port\t\t6379  ", ["port", "6379"]],
    ['a "" b', ["a", "", "b"]],
    ["a '' b", ["a", "", "b"]],
    ['"a b" c', ["a b", "c"]],
    ['"\\n\\r\\t\\b\\a\\x41\\xff\\"\\\\\\q\\xg1"', ['\n\r\t\b\x07A\xff"\\qxg1']],
    ["'it\\'s \\n'", ["it's \\n"]],
    ['ab"cd e"', ["abcd e"]],
    ["a\\nb", ["a\\nb"]],
    ['"a"b', null],
    ["'a'b", null],
    ['"a', null],
    ["'a", null],
    ['"a\\', null],
    ['"a\\"', null],
    ["'a\\'", null],
    ['a"', null],
    ["a\vb c", ["a\vb", "c"]],
  ];
  for (const [line, words] of lines) {
    test(`${JSON.stringify(line)} has ${words === null ? "unbalanced quotes" : JSON.stringify(words)}`, () => {
      expect(splitWords(line)).toEqual(words === null ? null : [...words]);
    });
  }

  test("every byte survives quoting", () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
    expect(splitWords(`x ${quoteWord(bytes)} y`)).toEqual(["x", bytes, "y"]);
    expect(quoteWord('a"b\\\n\x01\xff')).toBe('"a\\"b\\\\\\n\\x01\\xff"');
  });
});

describe("a configuration file", () => {
  test("comments, blank lines, letter case and line ends do not matter", () => {
    const config = text("# a comment\r\n\r\n   \t\nPORT 7000\r\n  # another\n\ttimeout\t5\nlogfile ''\nrequirepass \"a # b\"");
    expect(config.values).toMatchObject({ port: 7000, timeout: 5, logfile: "", requirepass: "a # b" });
  });

  test("the last of several lines wins, whichever of its names it used; save lines add up", () => {
    const config = text("hash-max-ziplist-entries 20\nhash-max-listpack-entries 21\nsave 900 1\nsave 300 10 60 100\n");
    expect(config.values["hash-max-listpack-entries"]).toBe(21);
    expect(config.values.save).toEqual([
      { seconds: 900, changes: 1 },
      { seconds: 300, changes: 10 },
      { seconds: 60, changes: 100 },
    ]);
  });

  test("buffer limits of one class leave the others alone", () => {
    const config = text("client-output-buffer-limit pubsub 1mb 1kb 5\nclient-output-buffer-limit replica 2gb 1g 0\n");
    expect(config.values["client-output-buffer-limit"]).toEqual({
      normal: { hard: 0, soft: 0, softSeconds: 0 },
      replica: { hard: 2147483648, soft: 1000000000, softSeconds: 0 },
      pubsub: { hard: 1048576, soft: 1024, softSeconds: 5 },
    });
  });

  test("a password keeps bytes that are no UTF-8, a path becomes an ordinary string", () => {
    const config = text('requirepass "\\xff\xfe"\nlogfile "/var/log/\xc3\xa0.log"\n');
    expect(config.values.requirepass).toBe("\xff\xfe");
    expect(config.values.logfile).toBe("/var/log/à.log");
    expect(config.text("logfile")).toBe("/var/log/\xc3\xa0.log");
  });

  test("errors name file, line and directive", () => {
    expect(() => text("port 1\nport 65536\n")).toThrow("/etc/r.conf:2: 'port 65536': argument must be between 0 and 65535 inclusive");
    expect(() => text("port 1 2")).toThrow("/etc/r.conf:1: 'port 1 2': wrong number of arguments");
    expect(() => text('\nrequirepass "abc')).toThrow("/etc/r.conf:2: 'requirepass \"abc': Unbalanced quotes in configuration line");
    expect(() => text("tls-ciphersuites x")).toThrow("/etc/r.conf:1: 'tls-ciphersuites x' is not supported by this version of Replicant");
    expect(() => text("nonsense")).toThrow("/etc/r.conf:1: 'nonsense': Bad directive or wrong number of arguments");
    expect(() => text("include")).toThrow("/etc/r.conf:1: 'include': Bad directive or wrong number of arguments");
    expect(() => text("slaveof a")).toThrow("/etc/r.conf:1: 'slaveof a': wrong number of arguments");
  });

  test("every unsupported directive takes its default", () => {
    const config = text(
      "appendonly no\ntls-port 0\ncluster-enabled no\nmaxmemory-policy noeviction\nactivedefrag no\naclfile ''\ntls-replication NO\n",
    );
    expect(config.values.appendonly).toBe(false);
  });
});

describe("include", () => {
  test("a relative name is meant from the working directory, and from dir once that is set", () => {
    const files = {
      "/etc/r.conf": "include a.conf\ndir /data\ninclude a.conf\n",
      "/home/me/a.conf": "port 1\n",
      "/data/a.conf": "timeout 2\n",
    };
    expect(load(files).values).toMatchObject({ port: 1, timeout: 2, dir: "/data" });
  });

  test("a pattern takes its files in byte order, hidden ones only when asked, and may match none", () => {
    const files = {
      "/etc/r.conf": "include /etc/conf.d/*.conf\ninclude /etc/none/*.conf\ninclude /etc/*/[!a-b]?/x.conf\n",
      "/etc/conf.d/b.conf": "port 2\ntimeout 2",
      "/etc/conf.d/a.conf": "port 1\ntimeout 1\ndatabases 7",
      "/etc/conf.d/.c.conf": "port 3\n",
      "/etc/conf.d/c.txt": "port 4\n",
      "/etc/s/cc/x.conf": "maxclients 5\n",
      "/etc/s/bb/x.conf": "maxclients 6\n",
    };
    expect(load(files).values).toMatchObject({ port: 2, timeout: 2, databases: 7, maxclients: 5 });
  });

  test("a missing file is named with the line that asked for it, errors inside with their own line", () => {
    expect(() => text("\ninclude nope.conf")).toThrow(
      "/etc/r.conf:2: can't open config file '/home/me/nope.conf': No such file or directory",
    );
    expect(() => load({ "/etc/r.conf": "include /b.conf", "/b.conf": "\n\nport x" })).toThrow("/b.conf:3: 'port x': argument couldn't");
  });

  test("a file that includes itself is refused", () => {
    expect(() => text("include /etc/r.conf")).toThrow("/etc/r.conf:1: 'include /etc/r.conf': more than 64 files include one another");
  });

  test("patterns work on the real file system", () => {
    const root = mkdtempSync(join(tmpdir(), "replicant-include-"));
    try {
      mkdirSync(join(root, "conf.d"));
      writeFileSync(join(root, "conf.d", "1.conf"), "port 11\n");
      writeFileSync(join(root, "conf.d", "2.conf"), "timeout 22\n");
      const loader = new Loader((path) => readFileSync(path, "latin1"), machine);
      loader.loadText(`dir ${root}\ninclude conf.d/*.conf\n`, "test");
      expect(new Config(loader.finish(null)).values).toMatchObject({ port: 11, timeout: 22, dir: root });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe("user lines", () => {
  test("are kept as they are, whatever they say", () => {
    const lines = ["user default on nopass sanitize-payload ~* &* +@all", 'user bob off >"a b" (~x +get)'];
    expect(text(lines.join("\n")).users.map(({ words, place }) => [place, ...words])).toEqual([
      ["/etc/r.conf:1", "default", "on", "nopass", "sanitize-payload", "~*", "&*", "+@all"],
      ["/etc/r.conf:2", "bob", "off", ">a b", "(~x", "+get)"],
    ]);
  });

  test("define a user once", () => {
    const reason = "Error in user declaration 'bob': Duplicate user found. A user can only be defined once in config files";
    expect(() => text("user bob on\nuser bob off")).toThrow(`'user bob off': ${reason}`);
  });
});
