/** The server's log, in Redis's line format: `pid:role day month year time.ms mark message`. */

import { appendFileSync } from "node:fs";

export const LogLevel = { debug: 0, verbose: 1, notice: 2, warning: 3, nothing: 4 } as const;
export type LogLevel = keyof typeof LogLevel;

const MARKS = [".", "-", "*", "#"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface LogOptions {
  level: LogLevel;
  /** A file to append to; "" is standard output. */
  file: string;
}

export class Log {
  level: number;
  file: string;
  /** `M` master, `S` replica, `C` not serving yet. */
  role: "M" | "S" | "C" = "C";

  constructor(options: LogOptions) {
    this.level = LogLevel[options.level];
    this.file = options.file;
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

  private write(level: number, message: string): void {
    if (level < this.level) return;
    const line = `${process.pid}:${this.role} ${timestamp(new Date())} ${MARKS[level]} ${message}\n`;
    if (this.file === "") process.stdout.write(line);
    else appendFileSync(this.file, line);
  }
}

function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return `${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ${time}`;
}
