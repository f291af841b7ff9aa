/** What a scrape may ask for beside the usual: parameters of the query, by the names of redis_exporter's options. */

/** A query that cannot be answered; the text says why. */
export class QueryError extends Error {
  override name = "QueryError";
}

/** A key or a pattern of keys (bytes, one a character) in a database. */
export interface KeyArgument {
  readonly db: number;
  readonly key: string;
}

export interface ScrapeQuery {
  /** Keys whose size, memory and value are wanted, and streams; `patterns` are searched for. */
  readonly keys: { readonly patterns: readonly KeyArgument[]; readonly single: readonly KeyArgument[] };
  readonly streams: { readonly patterns: readonly KeyArgument[]; readonly single: readonly KeyArgument[] };
  readonly counted: readonly KeyArgument[];
  /** Lua's patterns, whose captures name the group of a key (bytes, one a character). */
  readonly groups: readonly string[];
  readonly mostGroups: number;
  /** Keys of one SCAN. */
  readonly batch: number;
  readonly keyValues: boolean;
  readonly consumers: boolean;
  readonly keysOfMasters: boolean;
  readonly clients: boolean;
  readonly clientPorts: boolean;
  readonly configuration: boolean;
  readonly histograms: boolean;
  readonly emptyDatabases: boolean;
  readonly fileSize: boolean;
}

const TRUE = new Set(["", "1", "t", "true", "yes"]);
const FALSE = new Set(["0", "f", "false", "no"]);
const MOST_GROUPS = 100;
const BATCH = 100;
/** So many at most may be asked for. */
const MOST = 10_000;

/** Parameters of other names are passed over: Prometheus's configurations carry such. Errors: QueryError. */
export function scrapeQuery(parameters: URLSearchParams): ScrapeQuery {
  const flag = (name: string, initial: boolean) => {
    const value = parameters.get(name)?.toLowerCase();
    if (value === undefined) return initial;
    if (!TRUE.has(value) && !FALSE.has(value)) throw new QueryError(`${name}: '${value}' is neither true nor false`);
    return TRUE.has(value);
  };
  const count = (name: string, initial: number) => {
    const value = parameters.get(name);
    if (value === null) return initial;
    if (!/^\d{1,5}$/.test(value) || Number(value) === 0 || Number(value) > MOST)
      throw new QueryError(`${name}: not a number from 1 to ${MOST}`);
    return Number(value);
  };
  const keys = (name: string) => keyArguments(name, parameters.getAll(name).join(","));
  return {
    keys: { patterns: keys("check-keys"), single: keys("check-single-keys") },
    streams: { patterns: keys("check-streams"), single: keys("check-single-streams") },
    counted: keys("count-keys"),
    groups: commaSeparated(parameters.getAll("check-key-groups").join(",")),
    mostGroups: count("max-distinct-key-groups", MOST_GROUPS),
    batch: count("check-keys-batch-size", BATCH),
    keyValues: !flag("disable-exporting-key-values", false),
    consumers: !flag("streams-exclude-consumer-metrics", false),
    keysOfMasters: !flag("skip-checkkeys-for-role-master", false),
    clients: flag("export-client-list", false),
    clientPorts: flag("export-client-port", false),
    configuration: flag("include-config-metrics", false),
    histograms: !flag("exclude-latency-histogram-metrics", false),
    emptyDatabases: flag("include-metrics-for-empty-databases", true),
    fileSize: flag("include-rdb-file-size-metric", false),
  };
}

/** Reads `db0=user:*,db3=jobs,plain`: database 0 where none is named; %XX and + stand for bytes and spaces, so that a key may have a comma. */
function keyArguments(name: string, text: string): KeyArgument[] {
  const found: KeyArgument[] = [];
  for (const item of text.split(",")) {
    if (item === "") continue;
    const parts = item.split("=");
    if (parts.length > 2) throw new QueryError(`${name}: '${item}' has more than one =`);
    const [db, key] = parts.length === 1 ? ["0", item] : [(parts[0] ?? "").trim().replace("db", ""), parts[1] ?? ""];
    if (db === "") continue;
    if (!/^\d{1,9}$/.test(db)) throw new QueryError(`${name}: '${db}' is no number of a database`);
    if (key.trim() === "") continue;
    found.push({ db: Number(db), key: unescaped(key.trim()) });
  }
  if (found.length > MOST) throw new QueryError(`${name}: more than ${MOST} keys`);
  return found;
}

function unescaped(text: string): string {
  return bytesOf(text.replaceAll("+", " ")).replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** UTF-8, one character a byte. */
function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").latin1Slice();
}

/** One line of comma-separated values, of which some may stand in quotes. */
function commaSeparated(line: string): string[] {
  return [...line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)]
    .map(([, quoted, plain = ""]) => (quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"')))
    .filter((value) => value !== "")
    .map(bytesOf);
}
