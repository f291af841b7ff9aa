/** The directives of the process: its life, logs, clocks, scripts. */

import { BY_BYTES } from "../../base/collation.ts";
import { checkTitleTemplate } from "../checks.ts";
import { directive, FIXED, HIDDEN, ignored, ignoredOnWindows, refusedOnWindows } from "../directive.ts";
import { bool, count, integer, longCount, memory, oneOf, optionalPath, optionalText, path, someOf, text } from "../kinds.ts";
import { INT_MAX, INT64_MAX } from "../numbers.ts";
import { eventClasses, oomScores, percentiles } from "../special-kinds.ts";

const SHUTDOWN_FLAGS = someOf("default", ["save", "nosave", "now", "force"], {
  both: ["save", "nosave"],
  reason: "shutdown options SAVE and NOSAVE can't be used simultaneously",
});
const FACILITIES = ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"] as const;

/** The process: its life, logs, clocks and what it watches about itself. */
export const SERVER = {
  databases: directive(integer(1, INT_MAX), "16", "How many databases SELECT reaches", FIXED),
  hz: directive(integer(0, INT_MAX, { min: 1n, max: 500n }), "10", "How often a second background work runs, 1 to 500"),
  "dynamic-hz": ignored(bool, "yes", "background work with more to do takes extra turns by itself"),
  daemonize: directive(bool, "no", "Run in the background", {
    ...FIXED,
    ...refusedOnWindows("run it as a service, or with start /b"),
  }),
  supervised: directive(oneOf(["upstart", "systemd", "auto", "no"]), "no", "Service manager to report to", {
    ...FIXED,
    ...ignoredOnWindows("no service manager of Windows is reported to", /^auto$/),
  }),
  pidfile: directive(optionalPath, "", "File to write the process id to", FIXED),
  "set-proc-title": ignored(bool, "yes", "the runtime cannot change the process list", FIXED),
  "proc-title-template": ignored(
    text(checkTitleTemplate),
    "{title} {listen-addr} {server-mode}",
    "the runtime cannot change the process list",
  ),
  "always-show-logo": ignored(bool, "no", "there is no banner", FIXED),
  "shutdown-timeout": directive(count, "10", "Seconds that a shutdown waits for replicas"),
  "shutdown-on-sigint": directive(SHUTDOWN_FLAGS, "default", "How SIGINT ends the server"),
  "shutdown-on-sigterm": directive(SHUTDOWN_FLAGS, "default", "How SIGTERM ends the server"),

  loglevel: directive(oneOf(["debug", "verbose", "notice", "warning", "nothing"]), "notice", "Least important messages that are logged"),
  logfile: directive(path(), "", "File to log to; empty for standard output", FIXED),
  "syslog-enabled": directive(bool, "no", "Log to the system logger too", {
    ...FIXED,
    ...refusedOnWindows("the log goes to standard output, or to a logfile"),
  }),
  "syslog-ident": directive(text(), "redis", "Name in the system log", FIXED),
  "syslog-facility": directive(oneOf(FACILITIES), "local0", "Facility of the system log", FIXED),
  "crash-log-enabled": directive(bool, "yes", "Write a bug report to the log when the server breaks"),
  "crash-memcheck-enabled": ignored(bool, "yes", "no memory test follows a crash here"),
  "use-exit-on-panic": ignored(bool, "no", "a panic always exits here", HIDDEN),
  "watchdog-period": ignored(count, "0", "there is no software watchdog here", HIDDEN),
  "ignore-warnings": ignored(text(), "", "none of the warnings it silences exists here"),

  "notify-keyspace-events": directive(eventClasses, "", "Which keyspace events are published"),
  "slowlog-log-slower-than": directive(
    integer(-1, INT64_MAX),
    "10000",
    "Microseconds from which a command enters the slow log; -1 for never",
    "commandlog-execution-slower-than",
  ),
  "slowlog-max-len": directive(longCount, "128", "How many commands the slow log keeps", "commandlog-slow-execution-max-len"),
  "commandlog-request-larger-than": directive(integer(-1, INT64_MAX), "1048576", "Bytes from which COMMANDLOG has a request; -1 for never"),
  "commandlog-large-request-max-len": directive(longCount, "128", "How many large requests COMMANDLOG keeps"),
  "commandlog-reply-larger-than": directive(
    integer(-1, INT64_MAX),
    "1048576",
    "Bytes of its reply from which COMMANDLOG has a request; -1 for never",
  ),
  "commandlog-large-reply-max-len": directive(longCount, "128", "How many requests with large replies COMMANDLOG keeps"),
  "latency-monitor-threshold": directive(longCount, "0", "Milliseconds from which LATENCY records an event; 0 for never"),
  "latency-tracking": directive(bool, "yes", "Keep a histogram of each command's latency"),
  "latency-tracking-info-percentiles": directive(percentiles, "50 99 99.9", "Percentiles that INFO latencystats shows"),
  "busy-reply-threshold": directive(longCount, "5000", "Milliseconds of a script until others hear BUSY", "lua-time-limit"),
  "lua-memory-limit": directive(memory(1024 * 1024, INT64_MAX), "1gb", "Bytes that a script may take before it ends with an error"),
  "lua-evaluated-runs": directive(longCount, "10", "How often a script is run before it is compiled"),
  "command-docs-reply-schema": directive(bool, "no", "COMMAND DOCS describes replies too, as JSON schemas"),
  "locale-collate": directive(
    text(),
    "",
    "Locale whose order SORT ALPHA follows; empty for the environment's",
    refusedOnWindows("SORT ALPHA follows the order of bytes there, as with C", BY_BYTES),
  ),

  "oom-score-adj": directive(oneOf(["no", "yes", "relative", "absolute"], { relative: "yes" }), "no", "Tell the kernel what to end first"),
  "oom-score-adj-values": directive(oomScores, "0 200 800", "How readily: as a master, as a replica, while saving"),
  "disable-thp": ignored(bool, "yes", "the runtime decides about huge pages", FIXED),
  server_cpulist: ignored(optionalText(), "", "the runtime places its threads", FIXED),
  bio_cpulist: ignored(optionalText(), "", "the runtime places its threads", FIXED),
  aof_rewrite_cpulist: ignored(optionalText(), "", "the runtime places its threads", FIXED),
  bgsave_cpulist: ignored(optionalText(), "", "the runtime places its threads", FIXED),
} as const;
