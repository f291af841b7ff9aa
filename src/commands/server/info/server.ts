/** INFO's section Server. */

import { machine, release, type } from "node:os";
import type { ServerParts } from "../../../execution/server-parts.ts";
import { lruClock } from "../../../keyspace/access.ts";
import type { Figures } from "../../../session/info-text.ts";
import { COMMIT, REDIS_VERSION, VERSION } from "../../../version.ts";
import { section } from "./section.ts";

const SECONDS_PER_DAY = 24 * 3600;
/** What Bun's event loop is built on, by platform. */
const MULTIPLEXING: Readonly<Record<string, string>> = { linux: "epoll", darwin: "kqueue", freebsd: "kqueue", win32: "iocp" };

// What stays the same as long as the process runs; some of it takes a system call.
const MULTIPLEXING_API = MULTIPLEXING[process.platform] ?? "libuv";
const GIT_SHA1 = /^[0-9a-f]{8}$/.test(COMMIT) ? COMMIT : "00000000";
const BUILD_ID = Bun.hash(`${VERSION} ${COMMIT} ${Bun.revision}`).toString(16).padStart(16, "0");
const OPERATING_SYSTEM = `${type()} ${release()} ${machine()}`;
const ARCH_BITS = process.arch.endsWith("64") ? 64 : 32;
const PROCESS_ID = process.pid;

/** What program this is, where it runs and since when. */
export const SERVER = section("Server", "default", (out, server) => {
  const { values } = server.config;
  const uptime = Math.floor((server.keyspace.now - server.startedAt) / 1000);
  out.add("redis_version", REDIS_VERSION);
  out.add("server_name", "replicant");
  out.add("replicant_version", VERSION);
  out.add("bun_version", Bun.version);
  out.add("redis_git_sha1", GIT_SHA1);
  out.add("redis_build_id", BUILD_ID);
  out.add("redis_mode", "standalone");
  out.add("os", OPERATING_SYSTEM);
  out.add("arch_bits", ARCH_BITS);
  out.add("monotonic_clock", "performance.now");
  out.add("multiplexing_api", MULTIPLEXING_API);
  out.add("process_id", PROCESS_ID);
  out.add("process_supervised", "no");
  out.add("run_id", server.runId);
  out.add("tcp_port", server.port === 0 ? server.tlsPort : server.port);
  out.add("server_time_usec", server.keyspace.clock.microseconds());
  out.add("uptime_in_seconds", uptime);
  out.whole("uptime_in_days", uptime / SECONDS_PER_DAY);
  out.add("hz", values.hz);
  out.add("configured_hz", values.hz);
  out.add("lru_clock", lruClock(server.keyspace.now));
  out.add("executable", process.execPath);
  out.add("config_file", server.config.configFile ?? "");
  out.add("io_threads_active", 0);
  if (server.shutdownDeadline !== 0) out.add("shutdown_in_milliseconds", Math.max(0, server.shutdownDeadline - server.keyspace.now));
  addListeners(out, server);
});

function addListeners(out: Figures, server: ServerParts): void {
  const { bind, unixsocket } = server.config.values;
  let index = 0;
  if (server.port !== 0)
    out.add(`listener${index++}`, ["name=tcp", ...bind.map((address) => `bind=${address}`), `port=${server.port}`].join(","));
  if (unixsocket !== null && unixsocket !== "") out.add(`listener${index++}`, `name=unix,bind=${unixsocket}`);
  if (server.tlsPort !== 0)
    out.add(`listener${index++}`, ["name=tls", ...bind.map((address) => `bind=${address}`), `port=${server.tlsPort}`].join(","));
}
