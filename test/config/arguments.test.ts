import { describe, expect, test } from "bun:test";
import { parseArguments } from "../../src/config/arguments.ts";
import { Config } from "../../src/config/config.ts";
import type { DirectiveName } from "../../src/config/options.ts";
import { MemoryFiles } from "./memory-files.ts";

const FILES = new MemoryFiles({
  "/home/me/replicant.conf": "port 7001\nsave 900 1\nloglevel warning\n",
  "/etc/other.conf": "port 7002\n",
});

function run(argv: readonly string[], stdin = ""): Config {
  const parsed = parseArguments(argv, FILES.read, () => stdin, FILES);
  if (parsed.kind !== "run") throw new Error(`not a run: ${parsed.kind}`);
  return new Config(parsed.settings, FILES);
}

function complaint(argv: readonly string[], stdin = ""): string {
  try {
    parseArguments(argv, FILES.read, () => stdin, FILES);
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return error.message;
    throw error;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
}

describe("the command line", () => {
  const accepted: readonly (readonly [argv: readonly string[], expected: { readonly [K in DirectiveName]?: string }])[] = [
    [[], { port: "6379", bind: "* -::*", save: "3600 1 300 100 60 10000", dir: "/home/me" }],
    [["--port", "7000"], { port: "7000" }],
    [["-p", "7000"], { port: "7000" }],
    [["-p 7000"], { port: "7000" }],
    [["--PORT", "7000"], { port: "7000" }],
    [["--port 7000", "--loglevel 'debug'"], { port: "7000", loglevel: "debug" }],
    [["--port", "7000", "--port", "7001"], { port: "7001" }],
    [["--host", "0.0.0.0", "-p", "1"], { bind: "0.0.0.0", port: "1" }],
    [["--console", "-p", "1"], { "console-port": "7379", port: "1" }],
    [["-p", "1", "--console"], { "console-port": "7379", port: "1" }],
    [["-H", "::1"], { bind: "::1" }],
    [["--bind", "127.0.0.1", "-::1"], { bind: "127.0.0.1 -::1" }],
    [["--bind", ""], { bind: "" }],
    [["-r", "localhost 6380"], { replicaof: "localhost 6380" }],
    [["-r", "localhost", "6380"], { replicaof: "localhost 6380" }],
    [["--replicaof", "localhost 6380"], { replicaof: "localhost 6380" }],
    [["--replicaof", "localhost", "6380"], { replicaof: "localhost 6380" }],
    [["--slaveof", "localhost", "6380"], { replicaof: "localhost 6380" }],
    [["--replicaof", "no", "one"], { replicaof: "" }],
    [["--save", ""], { save: "" }],
    [["--save"], { save: "" }],
    [["--save", "--loglevel", "verbose"], { save: "", loglevel: "verbose" }],
    [["--loglevel", "verbose", "--save"], { save: "", loglevel: "verbose" }],
    [["--save", "60 1"], { save: "60 1" }],
    [["--save", "60", "1", "--save", "300", "10"], { save: "60 1 300 10" }],
    [["--save", "60", "1", "--save", ""], { save: "" }],
    [["--proc-title-template", "--my--title", "--loglevel", "verbose"], { "proc-title-template": "--my--title", loglevel: "verbose" }],
    [["--proc-title-template --my--title", "--loglevel verbose"], { "proc-title-template": "--my--title", loglevel: "verbose" }],
    [["--proc-title-template", "--save", "--save", ""], { "proc-title-template": "--save", save: "" }],
    [["--requirepass", "--help"], { requirepass: "--help" }],
    [["--requirepass", "-p"], { requirepass: "-p" }],
    [["--requirepass", "a b\"c\\d'\n"], { requirepass: "a b\"c\\d'\n" }],
    [["--requirepass", "pässword à"], { requirepass: Buffer.from("pässword à").toString("latin1") }],
    [["--requirepass passà"], { requirepass: Buffer.from("passà").toString("latin1") }],
    [
      ["--shutdown-on-sigint", "nosave", "force", "now", "--shutdown-on-sigterm", "nosave force"],
      { "shutdown-on-sigint": "nosave now force" },
    ],
    [["--list-max-listpack-size", "-3"], { "list-max-listpack-size": "-3" }],
    [["--lua-replicate-commands", "yes"], {}],
    [["replicant.conf"], { port: "7001", save: "900 1", loglevel: "warning" }],
    [["/etc/other.conf", "--loglevel", "debug"], { port: "7002", loglevel: "debug" }],
    [["replicant.conf", "--save", "100", "100"], { save: "900 1 100 100" }],
    [["replicant.conf", "--save", ""], { save: "" }],
    [["replicant.conf", "loglevel", "verbose", "--maxmemory '700mb'"], { loglevel: "verbose", maxmemory: "734003200" }],
  ];
  for (const [argv, expected] of accepted) {
    test(`${JSON.stringify(argv)} is understood`, () => {
      const config = run(argv);
      for (const [name, value] of Object.entries(expected)) expect([name, config.get([name])[0][1]]).toEqual([name, value]);
    });
  }

  test("a file beats the defaults, standard input the file, options both", () => {
    const config = run(["replicant.conf", "--loglevel", "debug", "-"], "port 7100\nloglevel verbose\ntimeout 5\n");
    expect(config.get(["port", "loglevel", "timeout", "save"])).toEqual([
      ["port", "7100"],
      ["loglevel", "debug"],
      ["timeout", "5"],
      ["save", "900 1"],
    ]);
    expect(run(["-", "--timeout", "6"], "timeout 5\nport 1\n").values).toMatchObject({ timeout: 6, port: 1 });
  });

  test("the configuration file is remembered by its absolute path", () => {
    expect(run(["replicant.conf"]).configFile).toBe("/home/me/replicant.conf");
    expect(run(["-"]).configFile).toBeNull();
  });

  test("help and version are questions wherever an option may stand, whatever else is wrong", () => {
    for (const argv of [["-h"], ["--help"], ["--port", "70000", "--help"], ["/nowhere.conf", "-h"]]) {
      expect(parseArguments(argv, FILES.read, () => "", FILES)).toEqual({ kind: "help" });
    }
    for (const argv of [["-v"], ["--version"]]) expect(parseArguments(argv, FILES.read, () => "", FILES)).toEqual({ kind: "version" });
  });

  const ONE_OF_LEVELS = "argument(s) must be one of the following: debug, verbose, notice, warning, nothing";
  const ONE_OF_FLAGS = "argument(s) must be one of the following: default, save, nosave, now, force";
  const refused: readonly (readonly [argv: readonly string[], message: string])[] = [
    [["--invalid"], "command line: 'invalid': Bad directive or wrong number of arguments"],
    [["-x"], "command line: '\"-x\"': Bad directive or wrong number of arguments"],
    [["--constructor", "1"], "command line: 'constructor \"1\"': Bad directive or wrong number of arguments"],
    [["--port"], "command line: 'port': wrong number of arguments"],
    [["--port", "6380", "--loglevel"], "command line: 'loglevel': wrong number of arguments"],
    [["--port", "6379", "6380"], 'command line: \'port "6379" "6380"\': wrong number of arguments'],
    [["--port", "--loglevel", "verbose"], 'command line: \'port "--loglevel" "verbose"\': wrong number of arguments'],
    [["--port", "--bla", "--loglevel", "verbose"], "command line: 'port \"--bla\"': argument couldn't be parsed into an integer"],
    [["--port", "65536"], "command line: 'port \"65536\"': argument must be between 0 and 65535 inclusive"],
    [["--port", "-1"], "command line: 'port \"-1\"': argument must be between 0 and 65535 inclusive"],
    [["--logfile", "--my--log", "--loglevel", "--bla"], `command line: 'loglevel "--bla"': ${ONE_OF_LEVELS}`],
    [["--shutdown-on-sigint"], `command line: 'shutdown-on-sigint': ${ONE_OF_FLAGS}`],
    [["--shutdown-on-sigint", "now force", "--shutdown-on-sigterm"], `command line: 'shutdown-on-sigterm': ${ONE_OF_FLAGS}`],
    [["--replicaof", "localhost"], "command line: 'replicaof \"localhost\"': wrong number of arguments"],
    [["--replicaof", "127.0.0.1", "abc"], 'command line: \'replicaof "127.0.0.1" "abc"\': Invalid master port'],
    [["--replicaof", "127.0.0.1", "65536"], 'command line: \'replicaof "127.0.0.1" "65536"\': Invalid master port'],
    [["--replicaof", "--127.0.0.1", "--abc"], "command line: 'replicaof \"--127.0.0.1\"': wrong number of arguments"],
    [["--unixsocketperm", "778"], "command line: 'unixsocketperm \"778\"': argument couldn't be parsed as an octal number"],
    [["--unixsocketperm", "1777"], "command line: 'unixsocketperm \"1777\"': argument must be between 0 and 777 inclusive"],
    [["--port '7000"], "command line: 'port '7000': Unbalanced quotes in configuration line"],
    [["--save", "'60 1"], "command line: 'save \"'60 1\"': Unbalanced quotes in configuration line"],
    [["--dir", "/nowhere"], "command line: 'dir \"/nowhere\"': No such file or directory"],
    [["--dir", "/etc/other.conf"], "command line: 'dir \"/etc/other.conf\"': Not a directory"],
    [["/nowhere.conf"], "can't open config file '/nowhere.conf': No such file or directory"],
    [["nowhere.conf"], "can't open config file '/home/me/nowhere.conf': No such file or directory"],
    [["--tls-ciphersuites", "X"], "command line: 'tls-ciphersuites X' is not supported by this version of Replicant"],
    [["--tls-ciphersuites", "x"], "command line: 'tls-ciphersuites x' is not supported by this version of Replicant"],
    [["--cluster-enabled", "yes"], "command line: 'cluster-enabled yes' is not supported by this version of Replicant"],
    [["--loadmodule", "x.so"], "command line: 'loadmodule \"x.so\"' is not supported by this version of Replicant"],
    [["--sentinel"], "command line: 'sentinel' is not supported by this version of Replicant"],
    [["--search.limit", "1"], "command line: 'search.limit \"1\"': configuration of a module, and this version of Replicant loads none"],
  ];
  for (const [argv, message] of refused) {
    test(`${JSON.stringify(argv)} is refused, and says why`, () => {
      expect(complaint(argv)).toBe(message);
    });
  }

  test("a wrong line of standard input is named by its number", () => {
    expect(complaint(["-"], "# fine\n\nport x\n")).toBe("standard input:3: 'port x': argument couldn't be parsed into an integer");
  });
});
