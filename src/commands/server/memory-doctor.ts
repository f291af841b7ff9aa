/** MEMORY DOCTOR and MEMORY MALLOC-STATS: what the numbers of memory-report.ts mean, and those of the arena, for people. */

import type { ServerParts } from "../../execution/server-parts.ts";
import { PAGE_BYTES } from "../../memory/arena.ts";
import type { TableSpace } from "../../memory/record-table.ts";
import { SessionKind } from "../../session/session.ts";
import { fragmentation, type MemoryReport, memoryReport, ratio } from "./memory-report.ts";

const MEBIBYTE = 1024 * 1024;
/** As in Redis: below it there is nothing to say. */
const LEAST_BYTES = 5 * MEBIBYTE;
/** Waste of fewer bytes is no problem, whatever share it is. */
const WASTE_BYTES = 10 * MEBIBYTE;
const CLIENT_BYTES = 200 * 1024;
const REPLICA_BYTES = 10 * MEBIBYTE;
const MANY_SCRIPTS = 1000;

interface Finding {
  readonly title: string;
  readonly found: (report: MemoryReport, server: ServerParts) => boolean;
  readonly advice: string;
}

/** The limits are Redis's. */
const FINDINGS: readonly Finding[] = [
  {
    title: "Peak memory",
    found: ({ peak, total }) => peak / total > 1.5,
    advice:
      "The data once took more than one and a half times what it takes now. What it left goes back to the system within some seconds, where it " +
      "lies together; INFO's allocator_frag_bytes tells what does not.",
  },
  {
    title: "High total RSS",
    found: (report) => fragmentation(report).ratio > 1.4 && fragmentation(report).bytes > WASTE_BYTES,
    advice: "The process takes far more memory than the data and the runtime need. Mostly a peak is the cause, see there.",
  },
  {
    title: "High allocator fragmentation",
    found: ({ active, allocated }) => ratio(active, allocated) > 1.1 && active - allocated > WASTE_BYTES,
    advice:
      "Pages of the arena are only partly in use: many values went whose neighbours stayed. New values of about their size fill them, and MEMORY " +
      "PURGE, 'memory-compaction yes' or 'activedefrag yes' empties them. MEMORY MALLOC-STATS shows which sizes.",
  },
  {
    title: "High allocator RSS overhead",
    found: ({ resident, active }) => ratio(resident, active) > 1.1 && resident - active > WASTE_BYTES,
    advice: "Pages of the arena that hold nothing have not gone back to the system yet. MEMORY PURGE does not wait.",
  },
  {
    title: "High process RSS overhead",
    found: ({ rss, resident, runtime }) => ratio(rss, resident) > 1.1 && runtime > 256 * MEBIBYTE,
    advice:
      "The runtime takes more than its usual share, outside of the data. Scripts and functions with much of their own, or large requests, may be the cause.",
  },
  {
    title: "Big replica buffers",
    found: ({ replicas }, server) => countOf(server, true) > 0 && replicas / countOf(server, true) > REPLICA_BYTES,
    advice:
      "More than 10 MB wait for each replica. One of them, or its network, cannot keep up: see the lag in INFO replication and omem in CLIENT LIST.",
  },
  {
    title: "Big client buffers",
    found: ({ clients }, server) => clients / Math.max(1, countOf(server, false)) > CLIENT_BYTES,
    advice:
      "More than 200 KB wait for each client, or of its request. Subscribers that read too slowly, long pipelines and large replies do that: CLIENT LIST " +
      "shows whose (qbuf, multi-mem, omem).",
  },
  {
    title: "Many scripts",
    found: (_, { scripts }) => scripts.count > MANY_SCRIPTS,
    advice:
      "More than 1000 scripts are cached. Scripts that are made for each call fill the cache: they should take what changes by KEYS and ARGV. SCRIPT " +
      "FLUSH empties it.",
  },
];

const EMPTY = "This server holds hardly any data: there is nothing to find out about its memory yet.\n";
const HEALTHY = "No problem was found in the memory of this server.\n";

export function memoryDoctor(server: ServerParts): string {
  const report = memoryReport(server);
  if (report.total < LEAST_BYTES) return EMPTY;
  const findings = FINDINGS.filter(({ found }) => found(report, server));
  if (findings.length === 0) return HEALTHY;
  return `Found in the memory of this server:\n\n${findings.map(({ title, advice }) => ` * ${title}: ${advice}\n\n`).join("")}`;
}

function countOf({ clients }: ServerParts, replicas: boolean): number {
  let count = 0;
  for (const { kind } of clients) if ((kind === SessionKind.REPLICA) === replicas) count++;
  return count;
}

/** The arena by sizes of blocks, and what lies outside of it. */
export function arenaStats({ arena, objects }: TableSpace): string {
  const lines = [
    "Arena:",
    `  bytes in live blocks: ${arena.usedBytes}`,
    `  bytes in pages with live blocks: ${arena.pageBytes}`,
    `  bytes in pages that are resident: ${arena.touchedBytes}`,
    `  bytes of address space: ${arena.segmentBytes}`,
    `Outside of it, each by itself: ${objects.usedBytes} bytes`,
    "",
    "    block size        blocks         pages    in use",
  ];
  const sizes = [...arena.blockCounts()].sort(([one], [other]) => one - other);
  for (const [size, { live, pages }] of sizes) {
    const share = (live * size) / (pages * PAGE_BYTES);
    const cells = [
      String(size).padStart(14),
      String(live).padStart(13),
      String(pages).padStart(13),
      `${(share * 100).toFixed(1)}%`.padStart(9),
    ];
    lines.push(cells.join(" "));
  }
  return `${lines.join("\n")}\n`;
}
