/** What a check found, as text for people and as JSON for programs. */

import { bytesWords } from "../../progress/words.ts";
import { jsonBytes, shownKey } from "../text.ts";
import type { AofScan } from "./aof-scan.ts";
import type { Damage } from "./damage.ts";
import type { FileFacts, ImageFacts } from "./file-check.ts";
import type { RankedKey } from "./ranking.ts";

const VERDICTS: Readonly<Record<FileFacts["verdict"], string>> = {
  good: "good",
  damaged: "damaged",
  unsupported: "cannot be read any further by this version",
};
const CHECKSUMS: Readonly<Record<ImageFacts["checksum"], string>> = {
  verified: "holds",
  absent: "there is none: the file was saved without, or is older than version 5",
  wrong: "does not hold",
  "not reached": "was not reached",
};
/** Names of commands that are shown; the rest are counted together. */
const SHOWN_NAMES = 30;
const SHOWN_FACTS = 12;

const count = (value: number, one: string, many = `${one}s`): string => `${value} ${value === 1 ? one : many}`;

/** Returns the lines about one file. */
export function fileText(facts: FileFacts): string {
  const { path, size, image, commands, behind } = facts;
  const kind = image === null ? (commands === null ? "file" : "append-only file") : "RDB file";
  const lines = [`${path}: ${kind}, ${size} bytes (${bytesWords(size)})`];
  if (image !== null) lines.push(...imageLines(image));
  if (commands !== null) lines.push(...commandLines(commands));
  if (behind > 0) lines.push(`  note       ${count(behind, "byte")} behind the end of the image belong to nothing`);
  lines.push(...verdictLines(facts));
  return `${lines.join("\n")}\n`;
}

function imageLines({ version, family, packed, checksum, report, deep }: ImageFacts): string[] {
  const lines: string[] = [];
  const line = (name: string, text: string): void => {
    lines.push(`  ${name.padEnd(10)} ${text}`);
  };
  if (version === 0) return lines;
  const whose = family === null ? "" : family === "valkey" ? " (Valkey)" : " (Redis)";
  line("version", `${version}${whose}${packed === null ? "" : `, packed as a whole with ${packed}`}`);
  for (const [name, value] of report.facts.slice(0, SHOWN_FACTS))
    line(name, plain(name === "ctime" ? `${value} (${dateOf(Number(value))})` : value));
  for (const [index, { keys, expires }] of report.databases) line(`db${index}`, `${count(keys, "key")}, ${expires} with an expiry`);
  line("expiry", `${count(report.expires, "key")} with one, of which ${report.expired} ${report.expired === 1 ? "has" : "have"} expired`);
  if (report.libraries.length > 0) line("functions", plain(report.libraries.join(", ")));
  for (const [name, keys] of report.modules) line("module", `${plain(name)}: ${count(keys, "key")}`);
  if (report.commands > 0) line("commands", `${report.commands} between the keys`);
  if (report.emptyKeys > 0)
    line("note", `${count(report.emptyKeys, "key")} with nothing in them, which are passed over where this is loaded`);
  for (const warning of report.warnings) line("note", plain(warning));
  line("checksum", CHECKSUMS[checksum] + (deep ? "; every value was looked into" : ""));
  lines.push(...typeTable(report.types));
  lines.push(...rankLines("Largest keys, by bytes in the file", report.byBytes.keys));
  lines.push(...rankLines("Keys with the most elements", report.byElements.keys));
  return lines;
}

function typeTable(types: ImageFacts["report"]["types"]): string[] {
  if (types.size === 0) return [];
  const rows = [["type", "keys", "elements", "in the file", "in memory, about", "held as"]];
  for (const [name, { keys, elements, bytes, memory, encodings }] of types) {
    const held = Object.entries(encodings).map(([encoding, number]) => `${number} ${encoding}`);
    rows.push([name, String(keys), String(elements), bytesWords(bytes), bytesWords(memory), held.join(", ")]);
  }
  return ["", ...table(rows), ""];
}

function rankLines(title: string, keys: readonly RankedKey[]): string[] {
  if (keys.length === 0) return [];
  const rows = keys.map(({ database, key, type, bytes, elements }) => [
    bytesWords(bytes),
    type === "string" ? "" : count(elements, "element"),
    `db${database}`,
    type,
    shownKey(key),
  ]);
  return [`  ${title}:`, ...table(rows), ""];
}

function commandLines(scan: AofScan): string[] {
  const lines = [`  commands   ${scan.commands} whole, ${count(scan.transactions, "transaction")}`];
  if (scan.firstTimestamp >= 0) {
    lines.push(
      `  timestamps ${scan.firstTimestamp} (${dateOf(scan.firstTimestamp)}) to ${scan.lastTimestamp} (${dateOf(scan.lastTimestamp)})`,
    );
  }
  if (scan.byName.size === 0) return lines;
  const names = [...scan.byName].sort(([, a], [, b]) => b.bytes - a.bytes);
  const rows = [["command", "calls", "bytes"]];
  for (const [name, { calls, bytes }] of names.slice(0, SHOWN_NAMES)) rows.push([plain(name), String(calls), bytesWords(bytes)]);
  if (names.length > SHOWN_NAMES) rows.push([`and ${names.length - SHOWN_NAMES} other names`, "", ""]);
  return [...lines, "", ...table(rows), ""];
}

function verdictLines({ verdict, damage, size, goodUpTo, image, commands }: FileFacts): string[] {
  const lines = [`  verdict    ${VERDICTS[verdict]}`];
  if (damage === null) return lines;
  const { offset, reason, reading, before } = damage;
  lines.push(`  at byte    ${offset}: ${plain(reason)}`);
  if (reading !== null) lines.push(`  reading    the ${reading.type} at key ${shownKey(reading.key)} of database ${reading.database}`);
  const what = commands === null ? "key" : "command";
  if (goodUpTo >= 0) lines.push(`  good up to byte ${goodUpTo} of ${size}: ${count(before, `whole ${what}`)} before it`);
  else if (image !== null)
    lines.push(`  good up to no one can tell: all ${count(before, "key")} can be read, but some bytes in them are not what was saved`);
  return lines;
}

/** Rows, the first column of each and the last aligned left, the others right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const last = widths.length - 1;
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === last ? cell : column === 0 || /^[a-z]/.test(cell) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    return `    ${cells.join("  ")}`.trimEnd();
  });
}

function dateOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "no date" : date.toISOString();
}

/** Text from a file without what would move the cursor of a terminal. */
function plain(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
}

// ---- JSON

/** Returns what is known of one file, to be put into JSON. */
export function fileJson({ path, size, image, commands, verdict, damage, goodUpTo, behind }: FileFacts): object {
  return {
    path,
    size,
    verdict,
    damage: damage === null ? null : damageJson(damage),
    goodUpTo: goodUpTo < 0 ? null : goodUpTo,
    bytesBehind: behind,
    image: image === null ? null : imageJson(image),
    commands: commands === null ? null : commandsJson(commands),
  };
}

function damageJson({ offset, reason, reading, before }: Damage): object {
  return { offset, reason, reading: reading === null ? null : { ...reading, key: jsonBytes(reading.key) }, before };
}

function imageJson({ version, family, packed, checksum, report, deep, end }: ImageFacts): object {
  const ranked = (keys: readonly RankedKey[]): object[] => keys.map((ranked) => ({ ...ranked, key: jsonBytes(ranked.key) }));
  return {
    version,
    family,
    packed,
    checksum,
    deep,
    end,
    aux: report.facts.map(([name, value]) => [jsonBytes(name), jsonBytes(value)]),
    functions: report.libraries.map(jsonBytes),
    databases: Object.fromEntries(report.databases),
    keys: report.keys,
    expires: report.expires,
    expired: report.expired,
    emptyKeys: report.emptyKeys,
    types: Object.fromEntries(report.types),
    modules: Object.fromEntries(report.modules),
    commandsBetweenKeys: report.commands,
    notes: report.warnings,
    largestByBytes: ranked(report.byBytes.keys),
    largestByElements: ranked(report.byElements.keys),
  };
}

function commandsJson({ commands, transactions, firstTimestamp, lastTimestamp, byName }: AofScan): object {
  return {
    whole: commands,
    transactions,
    timestamps: firstTimestamp < 0 ? null : { first: firstTimestamp, last: lastTimestamp },
    byName: Object.fromEntries([...byName].map(([name, counts]) => [name, { ...counts }])),
  };
}
