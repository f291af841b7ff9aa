import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expandTitle } from "../../src/config/checks.ts";
import { Config } from "../../src/config/config.ts";

import { Loader } from "../../src/config/file.ts";
import { usage } from "../../src/config/help.ts";
import { DIRECTIVES, isSensitive } from "../../src/config/options.ts";
import { rewriteContent } from "../../src/config/rewrite.ts";
import { EventClass } from "../../src/keyspace/events.ts";
import { MemoryFiles } from "./memory-files.ts";

const REMOTE = { loading: false, local: false };
const LOCAL = { loading: false, local: true };
const LOADING = { loading: true, local: true };

describe("values", () => {
  test("have the types of their directives", () => {
    const { values } = Config.of({ unixsocketperm: "700", replicaof: "h 1" });
    const port: number = values.port;
    const checksum: boolean = values.rdbchecksum;
    const level: "debug" | "verbose" | "notice" | "warning" | "nothing" = values.loglevel;
    expect({ port, checksum, level }).toEqual({ port: 6379, checksum: true, level: "notice" });
    expect(values["maxmemory-clients"]).toEqual({ unit: "bytes", amount: 0 });
    expect(values["notify-keyspace-events"]).toBe(0);
    expect(values.unixsocketperm).toBe(0o700);
    expect(values.replicaof).toEqual({ host: "h", port: 1 });
    expect(values["latency-tracking-info-percentiles"]).toEqual([50, 99, 99.9]);
    expect(values["shutdown-on-sigterm"]).toEqual([]);
    expect(values.bind).toEqual(["*", "-::*"]);
  });

  test("of features that are not there yet are read as those of others", () => {
    const context = { repeated: false, surroundings: new MemoryFiles({}) };
    const share = DIRECTIVES["maxmemory-clients"];
    const events = DIRECTIVES["notify-keyspace-events"];
    expect(share.kind.parse(["5%"], { ...context, current: share.initial }).value).toEqual({ unit: "percent", amount: 5 });
    expect(events.kind.parse(["Kx"], { ...context, current: events.initial })).toEqual({
      value: EventClass.KEYSPACE | EventClass.EXPIRED,
      text: "xK",
    });
  });

  test("stay in one object, which CONFIG SET changes in place", () => {
    const config = Config.of();
    const { values } = config;
    expect(config.set([["timeout", "9"]])).toBeNull();
    expect(values.timeout).toBe(9);
    expect(Config.of().values.timeout).toBe(0);
  });

  test("keep every digit of large numbers in their text", () => {
    const config = Config.of({ "proto-max-bulk-len": "9223372036854775807", maxmemory: "18446744073709551615" });
    expect(config.text("proto-max-bulk-len")).toBe("9223372036854775807");
    expect(config.text("maxmemory")).toBe("18446744073709551615");
  });

  test("hz is pulled into its range at start-up too", () => {
    expect([Config.of({ hz: "0" }).values.hz, Config.of({ hz: "1000" }).values.hz]).toEqual([1, 500]);
  });

  test("the name of a node takes nothing that would break nodes.conf", () => {
    const config = Config.of();
    expect(config.set([["cluster-announce-human-nodename", "rack 3-a"]])).toBeNull();
    expect(config.set([["cluster-announce-human-nodename", "a;b"]])?.reply).toEndWith(
      "- Announced human node name contained invalid character",
    );
  });
});

describe("CONFIG SET", () => {
  test("an unsupported value is refused and named", () => {
    const config = Config.of();
    const words = "'tls-ciphersuites x' is not supported by this version of Replicant";
    expect(config.set([["tls-ciphersuites", "x"]])?.reply).toBe(
      `ERR CONFIG SET failed (possibly related to argument 'tls-ciphersuites') - ${words}`,
    );
    expect(config.set([["maxmemory-policy", "NoEviction"]])).toBeNull();
  });

  test("what has no effect is kept, shown and named for the log", () => {
    const config = Config.of({ "watchdog-period": "1", "propagation-error-behavior": "panic", "io-threads": "1", port: "7" });
    expect(config.get(["watchdog-period", "propagation-error-behavior"])).toEqual([
      ["watchdog-period", "1"],
      ["propagation-error-behavior", "panic"],
    ]);
    const lines = [
      "Directive 'propagation-error-behavior' has no effect: a replica whose master sends what fails here gives the link up and synchronizes anew",
      "Directive 'watchdog-period' has no effect: there is no software watchdog here",
    ];
    expect(config.withoutEffect().sort()).toEqual(lines);
    expect(config.set([["WATCHDOG-period", "6"]])).toBeNull();
    expect(config.withoutEffect(["WATCHDOG-period", "port", "io-threads"])).toEqual([
      "Directive 'watchdog-period' has no effect: there is no software watchdog here",
    ]);
  });

  test("protected directives need the right caller", () => {
    const refusal = "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config";
    const replies = (level: string) =>
      [REMOTE, LOCAL].map((caller) => Config.of({ "enable-protected-configs": level }).set([["dbfilename", "x"]], caller));
    expect(replies("no").map((failure) => failure?.reply)).toEqual([refusal, refusal]);
    expect(replies("local").map((failure) => failure?.reply)).toEqual([refusal, undefined]);
    expect(replies("yes")).toEqual([null, null]);
  });

  test("some directives wait for the end of loading", () => {
    const config = Config.of({ "enable-protected-configs": "yes" });
    expect(config.set([["dir", "/"]], LOADING)?.reply).toStartWith("LOADING ");
    expect(config.set([["loglevel", "debug"]], LOADING)).toBeNull();
  });

  test("dir is resolved against the directory before, and must be enterable", () => {
    const files = new MemoryFiles({ "/home/me/a/b/file": "" });
    const config = Config.of({ "enable-protected-configs": "yes" }, files);
    expect(config.values.dir).toBe("/home/me");
    expect(config.set([["dir", "a"]])).toBeNull();
    expect(config.set([["dir", "b/../b/"]])).toBeNull();
    expect(config.get(["dir"])).toEqual([["dir", "/home/me/a/b"]]);
    const failed = (reason: string) => `ERR CONFIG SET failed (possibly related to argument 'dir') - ${reason}`;
    expect(config.set([["dir", "nope"]])?.reply).toBe(failed("No such file or directory"));
    expect(config.set([["dir", "file"]])?.reply).toBe(failed("Not a directory"));
    expect(config.set([["dir", ""]])?.reply).toBe(failed("No such file or directory"));
  });

  test("nothing changes and no one is told when one of several values is wrong", () => {
    const config = Config.of();
    let told = 0;
    config.onChange("timeout", () => {
      told++;
      return undefined;
    });
    expect(
      config.set([
        ["timeout", "5"],
        ["port", "x"],
      ])?.reply,
    ).toContain("'port'");
    expect([config.values.timeout, told]).toEqual([0, 0]);
  });

  test("a function that watches several directives runs once, after all of them are set, and not for equal values", () => {
    const config = Config.of();
    const seen: string[] = [];
    config.onChange(["min-replicas-to-write", "min-replicas-max-lag"], () => {
      seen.push(`${config.values["min-replicas-to-write"]} ${config.values["min-replicas-max-lag"]}`);
      return undefined;
    });
    config.set([
      ["min-slaves-to-write", "2"],
      ["min-replicas-max-lag", "3"],
    ]);
    config.set([
      ["min-replicas-to-write", "2"],
      ["timeout", "3"],
    ]);
    expect(seen).toEqual(["2 3"]);
  });

  test("a file that may have changed applies again though its name stays", () => {
    const config = Config.of({ "tls-cert-file": "a.pem" });
    let runs = 0;
    config.onChange(["tls-cert-file", "tls-protocols"], () => {
      runs++;
      return undefined;
    });
    config.set([["tls-cert-file", "a.pem"]]);
    config.set([["tls-protocols", ""]]);
    expect(runs).toBe(1);
  });

  test("a failed change takes everything back and lets those who saw it see the old values", () => {
    const config = Config.of({ maxclients: "10" });
    const seen: string[] = [];
    config.onChange("maxclients", () => {
      seen.push(`maxclients ${config.values.maxclients}`);
      return undefined;
    });
    config.onChange("port", () => {
      seen.push(`port ${config.values.port}`);
      return config.values.port === 7000 ? "Unable to listen on this port. Check server logs." : undefined;
    });
    config.onChange("timeout", () => {
      seen.push("timeout");
      return undefined;
    });
    const failure = config.set([
      ["maxclients", "20"],
      ["port", "7000"],
      ["timeout", "4"],
    ]);
    expect(failure).toEqual({
      reply: "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
      unrestored: [],
    });
    expect(seen).toEqual(["maxclients 20", "port 7000", "maxclients 10", "port 6379"]);
    expect(config.get(["maxclients", "port", "timeout"])).toEqual([
      ["maxclients", "10"],
      ["port", "6379"],
      ["timeout", "0"],
    ]);
  });

  test("a function that throws is a failed change, and what cannot be restored is reported", () => {
    const config = Config.of();
    config.onChange("port", () => {
      throw new Error(`no port ${config.values.port}`);
    });
    expect(config.set([["port", "7000"]])).toEqual({
      reply: "ERR CONFIG SET failed (possibly related to argument 'port') - no port 7000",
      unrestored: ["no port 6379"],
    });
    expect(config.values.port).toBe(6379);
  });

  test("secrets are known as such by any of their spellings", () => {
    expect(["RequirePass", "masterauth", "masteruser", "TLS-key-file-pass", "port", "nosuch"].map(isSensitive)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test("the server itself may change what clients may not", () => {
    const config = Config.of();
    let told = false;
    config.onChange("replicaof", () => {
      told = true;
      return undefined;
    });
    config.assign("replicaof", ["10.0.0.1", "6380"]);
    expect(config.get(["slaveof"])).toEqual([["slaveof", "10.0.0.1 6380"]]);
    config.assign("replicaof", ["no", "one"]);
    expect([config.values.replicaof, told]).toEqual([null, false]);
    expect(() => config.assign("replicaof", ["10.0.0.1"])).toThrow("wrong number of arguments");
  });
});

const plain = { principal: (word: string) => (word === "known" ? word : null), forceAll: false };

describe("rewriting a file", () => {
  test("a line keeps its place; its copies go; blank runs shrink; strangers become comments; the rest is appended once signed", () => {
    const old = '# top\n\n\nknown 1\nother x\ninclude more.conf\nknown 2\n"open\n';
    const options = [
      { name: "known", lines: [{ words: "3", force: false }] },
      { name: "fresh", lines: [{ words: "9", force: true }] },
    ];
    const once = '# top\n\nknown 3\n# ??? other x\ninclude more.conf\n\n# ??? "open\n\n# Generated by CONFIG REWRITE\nfresh 9\n';
    expect(rewriteContent(old, options, plain)).toBe(once);
    expect(rewriteContent(old, options, { ...plain, forceAll: true })).toBe(once);
    const again = { ...plain, principal: (word: string) => (word === "known" || word === "fresh" ? word : null) };
    expect(rewriteContent(once, options, again)).toBe(`${once}\n`);
    expect(rewriteContent(`${once}\n`, options, again)).toBe(`${once}\n`);
  });

  test("a directive with no lines leaves the file, one at its default is not added", () => {
    const options = [
      { name: "known", lines: [] },
      { name: "fresh", lines: [{ words: "9", force: false }] },
    ];
    expect(rewriteContent("known 1\n# end\n", options, plain)).toBe("\n# end\n\n");
    expect(rewriteContent("", options, { ...plain, forceAll: true })).toBe("# Generated by CONFIG REWRITE\nfresh 9\n");
  });
});

describe("CONFIG REWRITE", () => {
  function within(content: string, body: (config: Config, path: string, dir: string) => void): void {
    const dir = mkdtempSync(join(tmpdir(), "replicant-rewrite-"));
    const path = join(dir, "r.conf");
    try {
      writeFileSync(path, content, "latin1");
      const loader = new Loader((file) => readFileSync(file, "latin1"));
      loader.loadFile(path);
      body(new Config(loader.finish(path)), path, dir);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  function reload(path: string): Config {
    const loader = new Loader((file) => readFileSync(file, "latin1"));
    loader.loadFile(path);
    return new Config(loader.finish(path));
  }

  test("what it writes loads as what was set, whatever the values", () => {
    within("# mine\nport 7000\nhash-max-ziplist-entries 20\nmaxmemory 5mb\nslave-priority 9\n", (config, path, dir) => {
      config.assign("replicaof", ["master.example", "6380"]);
      const failure = config.set([
        ["requirepass", 'a "b"\\\xff\n'],
        ["hash-max-listpack-entries", "100"],
        ["repl-backlog-size", "10000002"],
        ["save", "3600 1 60 2"],
        ["shutdown-on-sigterm", "nosave now"],
        ["client-output-buffer-limit", "pubsub 1gb 3 4"],
        ["latency-tracking-info-percentiles", ""],
        ["oom-score-adj-values", "1 2 3"],
        ["slave-priority", "100"],
      ]);
      expect(failure).toBeNull();
      expect(config.rewrite()).toBeNull();
      const lines = readFileSync(path, "latin1").split("\n");
      expect(lines.slice(0, 5)).toEqual(["# mine", "port 7000", "hash-max-listpack-entries 100", "maxmemory 5mb", "replica-priority 100"]);
      expect(lines).toContain("client-output-buffer-limit pubsub 1gb 3 4");
      expect(lines).toContain("repl-backlog-size 10000002");
      expect(lines).toContain("replicaof master.example 6380");
      expect(lines.filter((line) => line.startsWith("save "))).toEqual(["save 3600 1", "save 60 2"]);
      expect(lines.filter((line) => line.startsWith("client-output"))).toHaveLength(1);
      expect(reload(path).get(["*"])).toEqual(config.get(["*"]));
      expect(readdirSync(dir)).toEqual(["r.conf"]);
      expect(statSync(path).mode & 0o133).toBe(0);
    });
  });

  test("a second rewrite changes nothing but a final blank line, and a third nothing at all", () => {
    within("port 7000\n", (config, path) => {
      config.rewrite();
      const first = readFileSync(path, "latin1");
      config.rewrite();
      const second = readFileSync(path, "latin1");
      config.rewrite();
      expect(second.trimEnd()).toBe(first.trimEnd());
      expect(readFileSync(path, "latin1")).toBe(second);
    });
  });

  test("no save points, no addresses and no password are written so that they stay away", () => {
    within("save 1 1\nbind 127.0.0.1 ::1\nrequirepass x\n", (config, path) => {
      config.set([
        ["save", ""],
        ["bind", ""],
        ["requirepass", ""],
      ]);
      config.rewrite();
      const content = readFileSync(path, "latin1");
      expect(content).toStartWith('save ""\nbind ""\n\n');
      expect(reload(path).get(["save", "bind", "requirepass"])).toEqual([
        ["save", ""],
        ["bind", ""],
        ["requirepass", ""],
      ]);
    });
  });

  test("an explicit bind of the default goes, another stays", () => {
    within("# where\nbind * -::*\n", (config, path) => {
      config.rewrite();
      expect(readFileSync(path, "latin1")).not.toContain("bind");
    });
    within("bind 127.0.0.1\n", (config, path) => {
      config.rewrite();
      expect(readFileSync(path, "latin1")).toStartWith("bind 127.0.0.1\n");
    });
  });

  test("user lines stay unless users are given", () => {
    within("user default on nopass ~* &* +@all\n", (config, path) => {
      config.rewrite();
      expect(readFileSync(path, "latin1")).toStartWith("user default on nopass ~* &* +@all\n");
      config.rewrite({ users: ["default off", "bob on"] });
      expect(readFileSync(path, "latin1")).toStartWith("user default off\n");
      expect(readFileSync(path, "latin1")).toContain("\nuser bob on\n");
    });
  });

  test("with everything forced out the file says every default and still loads the same", () => {
    within("", (config, path) => {
      expect(config.rewrite({ forceAll: true })).toBeNull();
      expect(readFileSync(path, "latin1").split("\n").length).toBeGreaterThan(150);
      expect(reload(path).get(["*"])).toEqual(config.get(["*"]));
    });
  });

  test("a file that vanished is made again, a directory in its place is an error", () => {
    within("port 7000\n", (config, path, dir) => {
      rmSync(path);
      expect(config.rewrite()).toBeNull();
      expect(readFileSync(path, "latin1")).toContain("port 7000\n");
      const lost = new Config({ configFile: join(dir, "gone", "r.conf"), settings: new Map(), users: [], renames: [] });
      expect(lost.rewrite()).toBe("ERR Rewriting config file: No such file or directory");
      const directory = new Config({ configFile: dir, settings: new Map(), users: [], renames: [] });
      expect(directory.rewrite()).toBe("ERR Rewriting config file: Is a directory");
    });
  });

  test("without a file there is nothing to rewrite", () => {
    expect(Config.of().rewrite()).toBe("ERR The server is running without a config file");
  });
});

describe("titles", () => {
  const variables = {
    title: "/bin/r",
    "listen-addr": "*:1",
    "server-mode": "",
    "config-file": "-",
    port: "1",
    "tls-port": "0",
    unixsocket: "",
  };

  test("fill in their template", () => {
    expect(expandTitle("{title} {listen-addr} {server-mode}", variables)).toBe("/bin/r *:1");
    expect(expandTitle("{{x} {port}", variables)).toBe("{x} 1");
    expect(expandTitle("{toString}", variables)).toBeNull();
    expect(expandTitle("{port", variables)).toBeNull();
  });
});

test("the help names every directive that is not hidden", () => {
  const text = usage();
  expect(text).toContain("--port  0..65535, default 6379\n");
  expect(text).toContain("--cluster-enabled  only no in this version\n");
  expect(text).not.toContain("key-load-delay");
});
