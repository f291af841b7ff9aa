import { checkLocale, checkTitleTemplate } from "../checks.ts";
import { directive, type Traits, unused } from "../directive.ts";
import { bool, integer, oneOf, optionalPath, optionalText, path, someOf, text } from "../kinds.ts";
import { INT_MAX, INT64_MAX } from "../numbers.ts";
import { eventClasses, oomScores, percentiles } from "../special-kinds.ts";

const FIXED: Traits = { mutable: false };
const WITHOUT_EFFECT: Traits = { mutable: false, ignored: true };

const SHUTDOWN_FLAGS = someOf("default", ["save", "nosave", "now", "force"], {
  both: ["save", "nosave"],
  reason: "shutdown options SAVE and NOSAVE can't be used simultaneously",
});
const FACILITIES = ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"] as const;

/** The process: its life, logs, clocks and what it watches about itself. */
export const SERVER = {
  databases: directive(integer(1, INT_MAX), "16", "How many databases SELECT reaches", FIXED),
  hz: directive(integer(0, INT_MAX, { min: 1n, max: 500n }), "10", "How often a second background work runs, 1 to 500"),
  "dynamic-hz": directive(bool, "yes", "No effect: background work with more to do takes extra turns by itself", { ignored: true }),
  daemonize: directive(bool, "no", "Run in the background", FIXED),
  supervised: directive(oneOf(["upstart", "systemd", "auto", "no"]), "no", "Service manager to report to", {
    mutable: false,
    unsupported: true,
  }),
  pidfile: directive(optionalPath, "", "File to write the process id to", FIXED),
  "set-proc-title": directive(bool, "yes", "No effect: the runtime cannot change the process list", WITHOUT_EFFECT),
  "proc-title-template": directive(
    text(checkTitleTemplate),
    "{title} {listen-addr} {server-mode}",
    "No effect: the runtime cannot change the process list",
    {
      ignored: true,
    },
  ),
  "always-show-logo": directive(bool, "no", "No effect: there is no banner", WITHOUT_EFFECT),
  "shutdown-timeout": directive(integer(0, INT_MAX), "10", "Seconds that a shutdown waits for replicas"),
  "shutdown-on-sigint": directive(SHUTDOWN_FLAGS, "default", "How SIGINT ends the server"),
  "shutdown-on-sigterm": directive(SHUTDOWN_FLAGS, "default", "How SIGTERM ends the server"),

  loglevel: directive(
    oneOf(["debug", "verbose", "notice", "warning", "nothing"]),
    "notice",
    "The least important messages that are logged",
  ),
  logfile: directive(path(), "", "File to log to; empty for standard output", FIXED),
  "syslog-enabled": directive(bool, "no", "Log to the system logger too", { mutable: false, unsupported: true }),
  "syslog-ident": unused(text(), "redis", "Name in the system log", FIXED),
  "syslog-facility": unused(oneOf(FACILITIES), "local0", "Facility of the system log", FIXED),
  "crash-log-enabled": directive(bool, "yes", "No effect: a crash is always reported", { ignored: true }),
  "crash-memcheck-enabled": directive(bool, "yes", "No effect: no memory test follows a crash here", { ignored: true }),
  "use-exit-on-panic": directive(bool, "no", "No effect: a panic always exits here", { hidden: true, ignored: true }),
  "watchdog-period": directive(integer(0, INT_MAX), "0", "No effect: there is no software watchdog here", { hidden: true, ignored: true }),
  "ignore-warnings": directive(text(), "", "No effect: none of the warnings it silences exists here", { ignored: true }),

  "notify-keyspace-events": directive(eventClasses, "", "Which keyspace events are published"),
  "slowlog-log-slower-than": unused(integer(-1, INT64_MAX), "10000", "Microseconds from which a command enters the slow log; -1 for never"),
  "slowlog-max-len": unused(integer(0, INT64_MAX), "128", "How many commands the slow log keeps"),
  "latency-monitor-threshold": directive(integer(0, INT64_MAX), "0", "Milliseconds from which LATENCY records an event; 0 for never", {
    unsupported: true,
  }),
  "latency-tracking": directive(bool, "yes", "Keep a histogram of each command's latency"),
  "latency-tracking-info-percentiles": directive(percentiles, "50 99 99.9", "Percentiles that INFO latencystats shows"),
  "busy-reply-threshold": unused(integer(0, INT64_MAX), "5000", "Milliseconds after which a script in progress lets others hear BUSY", {
    aliases: ["lua-time-limit"],
  }),
  "locale-collate": unused(text(checkLocale), "", "Locale that SORT ALPHA follows"),

  "oom-score-adj": directive(
    oneOf(["no", "yes", "relative", "absolute"], { relative: "yes" }),
    "no",
    "Tell the kernel which process to end first",
    { unsupported: true },
  ),
  "oom-score-adj-values": unused(oomScores, "0 200 800", "How readily: as a master, as a replica, while saving"),
  "disable-thp": directive(bool, "yes", "No effect: the runtime decides about huge pages", { mutable: false, ignored: true }),
  server_cpulist: directive(optionalText(), "", "No effect: the runtime places its threads", WITHOUT_EFFECT),
  bio_cpulist: directive(optionalText(), "", "No effect: the runtime places its threads", WITHOUT_EFFECT),
  aof_rewrite_cpulist: directive(optionalText(), "", "No effect: the runtime places its threads", WITHOUT_EFFECT),
  bgsave_cpulist: directive(optionalText(), "", "No effect: the runtime places its threads", WITHOUT_EFFECT),
} as const;
