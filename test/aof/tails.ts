/** Ends of append-only files, broken in every way that a crash, a bad disk or an editor may bring about. */
import { mkdirSync, writeFileSync } from "node:fs";
import { encodeCommand, type Word } from "../support/client.ts";
import { Directory } from "./support.ts";

export interface Tail {
  readonly name: string;
  readonly bytes: Buffer;
}

export const INCREMENT = "appendonly.aof.1.incr.aof";

export function unit(...commands: Word[][]): Buffer {
  return Buffer.concat(commands.map((words) => encodeCommand(words)));
}

/** What comes before each tail: two keys. */
export const WHOLE = unit(["SELECT", 0], ["SET", "a", "1"], ["MULTI"], ["INCR", "a"], ["RPUSH", "l", "x"], ["EXEC"]);

/** The last commands that are cut off, followed by zeros or by garbage, at every byte. */
const LAST: readonly (readonly [string, Buffer])[] = [
  ["SET", unit(["SET", "b", "2\r\n3"])],
  ["MULTI", unit(["MULTI"], ["SET", "b", "2"], ["EXEC"])],
  ["ten words", unit(["RPUSH", "list", "1", "", "333333333333", "4", "5", "6", "7", "8"])],
  ["annotation", Buffer.concat([Buffer.from("#TS:1700000000\r\n"), unit(["INCR", "b"])])],
];

const ENDINGS: readonly (readonly [string, Buffer])[] = [
  ["", Buffer.alloc(0)],
  ["one zero", Buffer.alloc(1)],
  ["three zeros", Buffer.alloc(3)],
  ["4096 zeros", Buffer.alloc(4096)],
  ["a newline", Buffer.from("\n")],
  ["garbage", Buffer.from("garbage")],
  ["0xff", Buffer.alloc(5, 0xff)],
  ["zeros, then a command", Buffer.concat([Buffer.alloc(40), unit(["SET", "c", "3"])])],
  ["a command", unit(["SET", "c", "3"])],
];

const PING = "$4\r\nPING\r\n";

/** Tails that stand for themselves. */
const TEXTS: readonly string[] = [
  ..."* *0 *0\r\n *-1 *-1\r\n *1 *1\r *\r *\r\n *x\r\n *1x\r\n + $ - : \r \n \r\n # #\r\n #\n #TS #\0\0 *# REDIS RED VALKEY".split(" "),
  ..."*2147483647 *2147483647\r\n *2147483648\r\n *2147483649\r\n *4294967295\r\n *4294967296\r\n *4294967297\r\n".split(" "),
  ..."*9223372036854775807\r\n *9223372036854775808\r\n *99999999999999999999\r\n *-9223372036854775809\r\n".split(" "),
  ..."0 2 9 1023 1000000 2147483645 2147483646 2147483647 2147483648 4294967296 9999999999".split(" ").map((n) => `*1\r\n$${n}\r\nabc`),
  ..."1000000000000 9223372036854775807 9223372036854775808 18446744073709551615 -1 -2 -9223372036854775808"
    .split(" ")
    .map((n) => `*1\r\n$${n}\r\nabc`),
  ..."0 2 2147483647 x 4x +4 04 0004".split(" ").map((n) => `*1\r\n$${n}`),
  ..."*1\n *01\r\n *+1\r\n *1\r\r\n *1\rX\n *1abc\r\n *1.9\r\n *1\0\r\n *1\0\n".split(" ").map((header) => `${header}${PING}`),
  `*  1\r\n${PING}`,
  `*\t1 \r\n${PING}`,
  `*1\rX${PING}`,
  `*1\r${PING}`,
  ..."$4\n $04\r\n $+4\r\n $4x\r\n $4\r\r\n $4\rX\n $4\0\r\n $\r\n $x\r\n $ 4\r\n".split(" ").map((header) => `*1\r\n${header}PING\r\n`),
  "*1\r\n$ 4\r\nPING\r\n",
  "*1\r\n$4\r\nPING\n\n",
  "*1\r\n$4\r\nPINGxx",
  "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
  "*1\r\n$4\r\nPING\n",
  "*1\r\n$4\r\nPING\n*1\r\n$4\r\nPING\r\n",
  "*1\r\n$4\r\nPING\0\0",
  "*1\r\nabc",
  "*1\r\n\r\n",
  "*1\r\n\0\0\0",
  "*1\r\n*1\r\n",
  "*1\r\n#TS:1\r\n$4\r\nPING\r\n",
  "*1\r\n:4\r\n",
  "*\0",
  "*\0\n",
  "*\0\0\0\n\0\0",
  "PING\r\n",
  "SET b 2\r\n",
  "\r\n*1\r\n$4\r\nPING\r\n",
  `*1\r\n${PING}\r\n`,
  `*1\r\n${PING}\r\n*1\r\n${PING}`,
  `*1${"x".repeat(1021)}\n${PING}`,
  `*1${"x".repeat(1020)}\n${PING}`,
  `*1${"x".repeat(1022)}\n${PING}`,
  `*1\r\n$4${"x".repeat(1020)}\nPING\r\n`,
  `*1\r\n$4${"x".repeat(1021)}\nPING\r\n`,
  `*1\r\n$4${" ".repeat(2000)}`,
  `#${"x".repeat(1021)}\n*1\r\n${PING}`,
  `#${"x".repeat(1022)}\n*1\r\n${PING}`,
  `#${"x".repeat(1022)}*1\r\n${PING}`,
  `#${"x".repeat(1022)}#\n*1\r\n${PING}`,
  `#${"x".repeat(5000)}`,
  `#${"#".repeat(5000)}`,
  `#a\0b\r\n*1\r\n${PING}`,
  `#a\n#b\n\n*1\r\n${PING}`,
  "*1\r\n$3\r\nBLA\r\n",
  "*1\r\n$3\r\nBLA",
  "*1\r\n$0\r\n\r\n",
  "*2\r\n$3\r\nBLA\r\n$1\r\nx\r\nzzz",
  "*1\r\n$4\r\nEXEC\r\n",
  "*1\r\n$7\r\nDISCARD\r\n",
];

function whole(name: string, ...commands: Word[][]): Tail {
  return { name, bytes: unit(...commands) };
}

function texts(): Tail[] {
  return TEXTS.map((text) => ({
    name: JSON.stringify(text.length > 60 ? `${text.slice(0, 30)}...${text.slice(-20)}` : text),
    bytes: Buffer.from(text, "latin1"),
  }));
}

function transactions(): Tail[] {
  const set = ["SET", "b", "2"];
  const bad = Buffer.from("!!!");
  const tails = [
    whole("MULTI twice, EXEC once", ["MULTI"], set, ["MULTI"], ["INCR", "b"], ["EXEC"], ["SET", "c", 1]),
    whole("MULTI twice, no EXEC", ["MULTI"], set, ["MULTI"], ["INCR", "b"]),
    whole("MULTI three times, EXEC, MULTI", ["MULTI"], set, ["MULTI"], ["MULTI"], ["EXEC"], ["MULTI"], ["SET", "c", 1]),
    whole("MULTI, EXEC twice", ["MULTI"], set, ["EXEC"], ["EXEC"], ["SET", "c", 1]),
    whole("EXEC alone, then commands", ["EXEC"], set),
    whole("MULTI alone", ["MULTI"]),
    whole("MULTI and EXEC with nothing inside", ["MULTI"], ["EXEC"]),
    whole("WATCH inside MULTI", ["MULTI"], ["WATCH", "b"], set, ["EXEC"]),
    whole("SELECT inside MULTI", ["MULTI"], ["SELECT", 3], set, ["EXEC"], ["SET", "c", 1]),
    whole("an error inside MULTI", ["MULTI"], ["INCR", "l"], set, ["EXEC"]),
    whole("an unknown command inside MULTI", ["MULTI"], set, ["BLA"], ["EXEC"]),
    whole("an unknown subcommand", ["CONFIG", "BLA"], set),
    whole("EVAL inside MULTI", ["MULTI"], ["EVAL", "return redis.call('set','e',1)", 0], ["EXEC"]),
    whole("FLUSHALL inside MULTI", ["MULTI"], ["FLUSHALL"], set, ["EXEC"]),
  ];
  return [...tails, ...tails.slice(0, 6).map(({ name, bytes }) => ({ name: `${name}, then garbage`, bytes: Buffer.concat([bytes, bad]) }))];
}

/** Every `step`-th cut of the last commands with every ending, and all that stand for themselves. */
export function tails(step = 1): Tail[] {
  const cut: Tail[] = [];
  let count = 0;
  for (const [name, bytes] of LAST) {
    for (const [what, ending] of ENDINGS) {
      for (let length = 0; length <= bytes.length; length++) {
        if (count++ % step !== 0) continue;
        cut.push({
          name: `${name} cut at ${length}${what === "" ? "" : `, then ${what}`}`,
          bytes: Buffer.concat([bytes.subarray(0, length), ending]),
        });
      }
    }
  }
  return [...texts(), ...transactions(), ...cut];
}

/** A data directory whose append-only file is WHOLE and a tail. */
export function directoryWith(tail: Tail): Directory {
  const directory = new Directory();
  mkdirSync(directory.files);
  writeFileSync(directory.file(INCREMENT), Buffer.concat([WHOLE, tail.bytes]));
  writeFileSync(directory.file("appendonly.aof.manifest"), `file ${INCREMENT} seq 1 type i\n`);
  return directory;
}
