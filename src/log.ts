/** The server's log, in Redis's line format: `pid:role day month year time.ms mark message`. */

import { appendFileSync, closeSync, fstatSync, openSync, readlinkSync, writeSync } from "node:fs";
import { CLEAR_LINE, redrawn, redraws } from "./base/status-line.ts";
import { UnixDatagram } from "./base/unix-datagram.ts";
import { failureWords } from "./config/error.ts";

export const LogLevel = { debug: 0, verbose: 1, notice: 2, warning: 3, nothing: 4 } as const;
export type LogLevel = keyof typeof LogLevel;

const STANDARD_OUTPUT = 1;
const MARKS = [".", "-", "*", "#"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface LogOptions {
  level: LogLevel;
  /** A file to append to; "" is standard output. */
  file: string;
  /** Where the system logger gets the same, without it nothing. Errors of the constructor: LogFileError where there is none. */
  syslog?: { readonly ident: string; readonly facility: string; readonly path?: string } | null;
  /** Takes each line, without its end, in place of the file; null: there is no log, whatever the level. */
  write?: ((line: string) => void) | null;
}

/** The log file cannot be written to; the message says which and why. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

export class Log {
  level: number;
  file: string;
  /** `M` master, `S` replica, `C` not serving yet. */
  role: "M" | "S" | "C" = "C";
  private readonly syslog: SystemLog | null;
  private readonly writeElsewhere: ((line: string) => void) | null;
  private readonly isSilent: boolean;
  /** What stands at the end of the terminal, below the lines of the log; "" for nothing. */
  private status = "";
  /** Whether standard output is a terminal whose lines can be written over; null while no one has asked. */
  private redraws: boolean | null = null;

  /** Errors: LogFileError. */
  constructor(options: LogOptions) {
    this.level = LogLevel[options.level];
    this.file = options.file;
    this.writeElsewhere = options.write ?? null;
    this.isSilent = options.write === null;
    if (this.file !== "") requireWritable(this.file);
    this.syslog = options.syslog == null ? null : new SystemLog(options.syslog);
  }

  /** Whether `showStatus` shows anything: what people see goes to a terminal, and nowhere else. */
  get showsStatus(): boolean {
    if (this.file !== "" || this.writeElsewhere !== null || this.isSilent || this.level > LogLevel.notice) return false;
    this.redraws ??= redraws(process.env, process.platform) && outputIsTerminal();
    return this.redraws;
  }

  /** Has the terminal's last line say this, below what is logged, until it is to say something else; "" for nothing. */
  showStatus(text: string): void {
    const shown = this.showsStatus ? text : "";
    if (shown === this.status) return;
    this.status = shown;
    writeLine("", shown === "" ? CLEAR_LINE : redrawn(shown));
  }

  setLevel(level: LogLevel): void {
    this.level = LogLevel[level];
  }

  debug(message: string): void {
    this.write(LogLevel.debug, message);
  }

  verbose(message: string): void {
    this.write(LogLevel.verbose, message);
  }

  notice(message: string): void {
    this.write(LogLevel.notice, message);
  }

  warning(message: string): void {
    this.write(LogLevel.warning, message);
  }

  /** Lines that follow a warning, as they are. */
  raw(text: string): void {
    if (this.level > LogLevel.warning || this.isSilent) return;
    if (this.writeElsewhere !== null) for (const line of text.trimEnd().split("\n")) this.writeElsewhere(line);
    else writeLine(this.file, this.aboveStatus(text));
    if (this.syslog !== null) for (const line of text.split(/[\r\n]+/)) if (line !== "") this.syslog.write(LogLevel.warning, line);
  }

  /** Whether what is of this level is written anywhere. */
  writes(level: number): boolean {
    return level >= this.level && !this.isSilent;
  }

  /** `level`: as `LogLevel` has them. */
  write(level: number, message: string): void {
    if (!this.writes(level)) return;
    const line = `${process.pid}:${this.role} ${timestamp(new Date())} ${MARKS[level]} ${message}`;
    if (this.writeElsewhere !== null) this.writeElsewhere(line);
    else writeLine(this.file, this.aboveStatus(`${line}\n`));
    this.syslog?.write(level, message);
  }

  /** Lines that go where the status stands, which comes again below them. */
  private aboveStatus(lines: string): string {
    return this.status === "" ? lines : `${CLEAR_LINE}${lines}${redrawn(this.status)}`;
  }
}

const SYSTEM_LOGGER = "/dev/log";
/** By `LogLevel`: debug, info, notice, warning. */
const SEVERITIES = [7, 6, 5, 4];
const USER_FACILITY = 1;
const LOCAL_FACILITY = 16;

/** The system logger, in the form of RFC 3164. */
class SystemLog {
  private readonly socket: UnixDatagram;
  private readonly tag: string;
  private readonly facility: number;

  constructor({ ident, facility, path = SYSTEM_LOGGER }: NonNullable<LogOptions["syslog"]>) {
    const socket = UnixDatagram.to(path);
    if (socket === null) throw new LogFileError("syslog-enabled yes: there is no system logger here that can be written to");
    this.socket = socket;
    this.tag = `${ident}[${process.pid}]`;
    this.facility = facility === "user" ? USER_FACILITY : LOCAL_FACILITY + Number(facility.slice("local".length));
  }

  write(level: number, message: string): void {
    const date = new Date();
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
    const day = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
    // Where nobody listens there is nobody to tell.
    this.socket.send(Buffer.from(`<${this.facility * 8 + SEVERITIES[level]}>${day} ${time} ${this.tag}: ${message}`));
  }
}

function requireWritable(file: string): void {
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new LogFileError(`Can't open the log file '${file}': ${failureWords(error)}`, { cause: error });
  }
}

/**
 * A log file is opened for each line, so that it may be moved away while the server runs. A full disk, or a pipe without a reader, costs
 * the line, and must cost nothing else: `process.stdout` would answer with an uncaught exception.
 */
function writeLine(file: string, line: string): void {
  try {
    if (file === "") writeSync(STANDARD_OUTPUT, line);
    else appendFileSync(file, line);
  } catch {
    // There is nowhere left to say so.
  }
}

/** What a terminal is has to be loaded (`process.stdout`), which takes a while: only where it may be one. */
function outputIsTerminal(): boolean {
  try {
    return fstatSync(STANDARD_OUTPUT).isCharacterDevice() && process.stdout.isTTY === true;
  } catch {
    return false;
  }
}

/** Whether local time is UTC, as in nearly every container; asked once. A start need not load the time zones of the runtime then: 5 ms. */
let isUtc: boolean | null = null;

function timestamp(date: Date): string {
  isUtc ??= localTimeIsUtc();
  const two = (value: number) => String(value).padStart(2, "0");
  const [year, month, day, hours, minutes, seconds] = isUtc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return `${two(day)} ${MONTHS[month]} ${year} ${time}`;
}

const LOCAL_TIME = "/etc/localtime";
const UTC_NAME = /(?:^|\/)(?:UTC|UCT|Zulu|Universal)$/;

/** By TZ, or without one by what the system's zone is a link to. False: it may be UTC all the same. */
function localTimeIsUtc(): boolean {
  const { TZ } = process.env;
  if (TZ !== undefined) return UTC_NAME.test(TZ);
  if (process.platform === "win32") return false;
  try {
    return UTC_NAME.test(readlinkSync(LOCAL_TIME));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT"; // no zone is set: UTC
  }
}
