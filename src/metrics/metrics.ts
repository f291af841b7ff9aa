/**
 * What the server tells those who watch over it: /metrics for Prometheus, with the names, labels and values of redis_exporter and more, /healthz
 * and /readyz. The console's door mounts them; who asks for figures has logged in there, and sees what the commands that tell the same would
 * show to that user.
 */

import { heapSize } from "bun:jsc";
import { stat } from "node:fs/promises";
import { MEMORY } from "../commands/server/info/memory.ts";
import { CLUSTER, CPU } from "../commands/server/info/per-item.ts";
import { PERSISTENCE } from "../commands/server/info/persistence.ts";
import { REPLICATION } from "../commands/server/info/replication.ts";
import { SERVER } from "../commands/server/info/server.ts";
import { CLIENTS, STATS } from "../commands/server/info/stats.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import type { User } from "../session/acl/user.ts";
import { COMMIT, VERSION } from "../version.ts";
import { addClients } from "./clients.ts";
import { addCommandLog, addCommands, addErrors, addLatencyEvents, addSlowLog, LatencySamples } from "./commands.ts";
import { contentTypeOf, Exposition, type Format, formatFor, labels } from "./exposition.ts";
import { FigureSeries } from "./figures.ts";
import { readiness } from "./health.ts";
import { addKeyGroups } from "./key-groups.ts";
import { addCounts, addKeys, addStreams, Questions } from "./keys.ts";
import { addOwn, type Collections } from "./own.ts";
import { QueryError, type ScrapeQuery, scrapeQuery } from "./query.ts";
import { addConfiguration, addDatabases, addInstance, addLimits, addReplication } from "./server.ts";

/** INFO's sections whose figures are series. */
const SECTIONS = [SERVER, CLIENTS, MEMORY, PERSISTENCE, STATS, REPLICATION, CPU, CLUSTER];
const EXPORTER = labels({ version: VERSION, commit_sha: COMMIT, build_date: "", golang_version: "" }) ?? "";

const PLAIN = { "content-type": "text/plain; charset=utf-8" };

/** What a scrape is to have. */
interface ScrapeRequest {
  readonly format: Format;
  readonly query: ScrapeQuery;
  /** Who asks; null: someone who may see everything. */
  readonly user: User | null;
}

export class Metrics {
  private readonly server: ServerParts;
  private readonly latencies = new LatencySamples();
  private scrapes = 0;
  private scrapeErrors = 0;
  private scrapeSeconds = 0;
  private collections: Collections = { count: 0, last: 0, heapBytes: heapSize() };
  /** Told of an object that nothing refers to, whenever the collector finds that: then there is to be another. */
  private readonly collected = new FinalizationRegistry(() => {
    // Asking for the size takes a tenth of a scrape.
    this.collections = { count: this.collections.count + 1, last: Date.now() / 1000, heapBytes: heapSize() };
    this.watchCollector();
  });

  constructor(server: ServerParts) {
    this.server = server;
    this.watchCollector();
  }

  private watchCollector(): void {
    this.collected.register({}, null);
  }

  /** GET /metrics, for a user who has logged in (null: one who may do everything). `accept`: the header of that name. */
  async respond(parameters: URLSearchParams, accept: string, user: User | null): Promise<Response> {
    if (!mayRun(this.server, user, "info")) {
      const why = "403 Forbidden: /metrics needs a user who may run INFO\n";
      return new Response(why, { status: 403, headers: PLAIN });
    }
    const format = formatFor(accept);
    try {
      const text = await this.scrape({ format, query: scrapeQuery(parameters), user });
      return new Response(text, { headers: { "content-type": contentTypeOf(format) } });
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      this.scrapeErrors++;
      return new Response(`400 Bad Request: ${error.message}\n`, {
        status: 400,
        headers: PLAIN,
      });
    }
  }

  /** The text of a scrape. */
  private async scrape({ format, query, user }: ScrapeRequest): Promise<string> {
    const began = performance.now();
    const { server } = this;
    const out = new Exposition(format);
    const may = (command: string) => mayRun(server, user, command);
    this.addFigures(out, query, may);
    if (may("client|list") && query.clients) await addClients(out, server, { ports: query.clientPorts });
    await this.addAskedFor(out, query, user);
    if (query.fileSize && may("config|get")) await this.addFileSize(out);
    addOwn(out, server, this.collections);
    this.addScrape(out, (performance.now() - began) / 1000);
    return out.finish();
  }

  private addFigures(out: Exposition, query: ScrapeQuery, may: (command: string) => boolean): void {
    const { server } = this;
    const figures = new FigureSeries(out);
    for (const { write } of SECTIONS) write(figures, server);
    addInstance(out, figures, Date.now());
    addReplication(out, server, figures);
    addDatabases(out, server, query.emptyDatabases);
    addCommands(out, server, this.latencies, query.histograms && may("latency|histogram"));
    addErrors(out, server);
    if (may("latency|latest")) addLatencyEvents(out, server);
    if (may("slowlog|get")) addSlowLog(out, server);
    if (may("commandlog|len")) addCommandLog(out, server);
    if (!may("config|get")) return;
    addLimits(out, server);
    if (query.configuration) addConfiguration(out, server);
  }

  private async addAskedFor(out: Exposition, query: ScrapeQuery, user: User | null): Promise<void> {
    const { server } = this;
    const questions = new Questions(server, user);
    if (server.replication.isReplica || query.keysOfMasters) {
      await addKeys(out, questions, query);
      await addCounts(out, questions, query);
      await addStreams(out, questions, query);
    }
    await addKeyGroups(out, server, questions, query);
  }

  private async addFileSize(out: Exposition): Promise<void> {
    const size = await stat(this.server.persistence.path).then(
      (facts) => (facts.isFile() ? facts.size : null),
      () => 0,
    );
    if (size !== null) out.single("redis_rdb_current_size_bytes", "gauge", "Bytes of the file with the data set", size);
  }

  /** What redis_exporter tells of itself: no connection is made here, and no ping is needed. */
  private addScrape(out: Exposition, seconds: number): void {
    this.scrapes++;
    this.scrapeSeconds += seconds;
    const gauge = (name: string, help: string, value: number) => out.single(`redis_${name}`, "gauge", help, value);
    gauge("up", "Whether the server answers", 1);
    out.family("redis_exporter_build_info", "gauge", "What makes these series").sample(EXPORTER, 1);
    gauge("exporter_last_scrape_connect_time_seconds", "How long connecting took", 0);
    gauge("exporter_last_scrape_ping_time_seconds", "How long a ping took", 0);
    gauge("exporter_last_scrape_duration_seconds", "How long this scrape took", seconds);
    out.family("redis_exporter_last_scrape_error", "gauge", "Whether this scrape failed").sample('err=""', 0);
    out.family("redis_exporter_scrape_duration_seconds", "summary", "How long scrapes took");
    const name = "redis_exporter_scrape_duration_seconds";
    out.raw(`${name}_sum ${this.scrapeSeconds}\n${name}_count ${this.scrapes}\n`);
    out.single("redis_exporter_scrapes_total", "counter", "Scrapes", this.scrapes);
    out.single("redis_target_scrape_request_errors_total", "counter", "Scrapes that could not be answered", this.scrapeErrors);
    this.addProcess(out);
  }

  /** The process, by the names that all of Prometheus's clients have. */
  private addProcess(out: Exposition): void {
    const { stats, keyspace, startedAt } = this.server;
    const { user, system } = stats.system.processorTime(keyspace.now).all;
    out.single("process_cpu_seconds_total", "counter", "Processor time of the server in seconds", (user + system) / 1e6);
    out.single("process_resident_memory_bytes", "gauge", "Resident memory of the server", stats.system.residentMemory(keyspace.now));
    out.single("process_start_time_seconds", "gauge", "When the server was started, in seconds since 1970", startedAt / 1000);
  }
}

/** GET /healthz: that this is answered says that the server is there. */
export function healthResponse(accept: string): Response {
  return statusResponse(accept, 200, "ok", { status: "ok" });
}

/** GET /readyz: 200, or 503 with the reasons, a line each. */
export function readyResponse(server: ServerParts, accept: string): Response {
  const { ready, reasons } = readiness(server);
  return statusResponse(accept, ready ? 200 : 503, ready ? "ready" : reasons.join("\n"), { ready, reasons });
}

function statusResponse(accept: string, status: number, text: string, json: unknown): Response {
  const wantsJson = accept.toLowerCase().includes("application/json");
  const body = wantsJson ? JSON.stringify(json) : text;
  const type = wantsJson ? "application/json" : "text/plain; charset=utf-8";
  return new Response(`${body}\n`, { status, headers: { "content-type": type } });
}

/** Whether a user may run a command, by its own name ("config|get"), whatever its arguments. */
function mayRun(server: ServerParts, user: User | null, name: string): boolean {
  if (user === null || user.isUnrestricted) return true;
  const entry = server.commands.original(name);
  return entry !== null && user.selectors.some((selector) => selector.allowsCommand(entry, () => null));
}
