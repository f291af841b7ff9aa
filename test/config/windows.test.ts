/** What becomes on Windows of directives that need another system. */
import { describe, expect, test } from "bun:test";
import { Config } from "../../src/config/config.ts";
import { Loader } from "../../src/config/file.ts";
import { MemoryFiles } from "./memory-files.ts";

/** A configuration of these lines on a system; ConfigError where it refuses one. */
function load(lines: string, platform: NodeJS.Platform = "win32"): Config {
  const files = new MemoryFiles({}, platform);
  const loader = new Loader(files.read, files);
  loader.loadText(lines, "redis.conf");
  return new Config(loader.finish(null), files);
}

const REFUSED = [
  ["daemonize yes", "run it as a service, or with start /b"],
  ["unixsocket /run/redis.sock", "clients reach the server over TCP"],
  ["syslog-enabled yes", "the log goes to standard output, or to a logfile"],
  ["locale-collate de_DE.UTF-8", "SORT ALPHA follows the order of bytes there, as with C"],
] as const;
const IGNORED = [
  ["unixsocketperm 700", "there is no Unix socket"],
  ["supervised systemd", "no service manager of Windows is reported to"],
  ["supervised upstart", "no service manager of Windows is reported to"],
] as const;
const TAKEN = [
  "daemonize no",
  'unixsocket ""',
  "unixsocketperm 0",
  "supervised auto",
  "supervised no",
  "syslog-enabled no",
  "syslog-ident me",
  'locale-collate ""',
  "locale-collate C",
  "locale-collate POSIX",
  "locale-collate C.UTF-8",
  "pidfile C:\\redis\\redis.pid",
  "oom-score-adj no",
];

describe("on Windows", () => {
  test.each(REFUSED)("%s is refused, and the line says why", (line, reason) => {
    expect(() => load(`port 7000\n${line}`)).toThrow(`redis.conf:2: '${line}' is not supported on Windows: ${reason}`);
  });

  test.each(IGNORED)("%s is taken, shown, and named for the log", (line, reason) => {
    const [name, value] = line.split(" ");
    const config = load(line);
    expect(config.get([name])).toEqual([[name, value]]);
    expect(config.withoutEffect()).toEqual([`Directive '${name}' has no effect: ${reason}`]);
  });

  test.each(TAKEN)("%s asks for nothing that is not there", (line) => {
    expect(load(line).withoutEffect()).toEqual([]);
  });

  test("CONFIG SET refuses a locale, and takes the order of bytes", () => {
    const config = load("");
    expect(config.set([["locale-collate", "de_DE"]])?.reply).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'locale-collate') - " +
        "'locale-collate de_DE' is not supported on Windows: SORT ALPHA follows the order of bytes there, as with C",
    );
    expect(config.set([["locale-collate", "c"]])).toBeNull();
    expect(config.get(["locale-collate"])).toEqual([["locale-collate", "c"]]);
  });
});

test.each(["linux", "darwin", "freebsd"] as const)("on %s they are as ever", (platform) => {
  for (const [line] of [...REFUSED, ...IGNORED]) expect(load(line, platform).withoutEffect()).toEqual([]);
});
