/** What a server makes of a data directory when it starts: a real Redis, and one of ours in this process. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../replication/support.ts";
import { connect, type Target } from "../support/client.ts";
import { AofServer, type Directives, type Directory } from "./support.ts";

/** Whether it starts, with which data, what the directory holds then, and what the log says of the append-only file. */
export interface Verdict {
  readonly starts: boolean;
  readonly keys: string;
  readonly digest: string;
  /** Names, with sizes of files that do not differ by their nature, and what the manifest says. */
  readonly files: readonly string[];
  readonly log: readonly string[];
}

/** The log of a Redis that crashed: ours refuses such a file. */
export const CRASHED = "crashed";

/** The lines of a log that tell of the file, without what is the machine's or the moment's, and without the path of our tool in Redis's advice. */
function linesOf(log: string): string[] {
  const lines = log.split("\n").map((line) => line.replace(/^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ [.*#-] /, ""));
  return lines
    .filter((line) => /AOF|append only|append-only|append log|manifest|>>>|loaded|truncat|MULTI|Unknown|RDB (base|preamble)/i.test(line))
    .filter((line) => !/oO0Oo|Configuration loaded|keys loaded|ready to accept|CRITICAL|file is saved/.test(line))
    .map((line) =>
      line
        .replace(/[^ -~]+/g, "?")
        .replace("./redis-check-aof", "redis-check-aof")
        .replace(/\d+\.\d{3} seconds/, "N seconds"),
    );
}

function filesOf(directory: Directory): string[] {
  const names = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names
    .map(({ name, parentPath }) => {
      const path = join(parentPath, name);
      const shown = path.slice(directory.path.length + 1);
      if (name.endsWith(".manifest")) return `${shown}: ${readFileSync(path, "latin1")}`;
      return name.endsWith(".rdb") ? shown : `${shown} ${readFileSync(path).length}`;
    })
    .filter((line) => !/^log /.test(line))
    .sort();
}

/** Waits for what the log says is being removed in the background. */
async function removed(directory: Directory, log: string): Promise<void> {
  const names = [...log.matchAll(/Removing the history file (\S+) in the background/g)].map(([, name]) => name);
  await until("files of the history to be gone", () => !names.some((name) => existsSync(directory.file(name))));
}

async function state(target: Target): Promise<Pick<Verdict, "keys" | "digest">> {
  const client = await connect(target);
  try {
    return {
      keys: (await client.command("DBSIZE")).toString().trim(),
      digest: (await client.command("DEBUG", "DIGEST")).toString().trim(),
    };
  } finally {
    client.close();
  }
}

const NONE = { keys: "", digest: "" };

/** What a real Redis makes of it; `directory` is over then. */
export async function askRedis(directory: Directory, directives: Directives = {}): Promise<Verdict> {
  const socket = join(directory.path, "s");
  const log = join(directory.path, "log");
  const usual = {
    port: "0",
    unixsocket: socket,
    save: "",
    appendonly: "yes",
    "enable-debug-command": "yes",
    dir: directory.path,
    logfile: log,
  };
  const words = Object.entries({ ...usual, ...directives }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = Bun.spawn(["redis-server", ...words], { stdout: "ignore", stderr: "ignore" });
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const printed = (): string => (existsSync(log) ? readFileSync(log, "latin1") : "");
  try {
    while (!ended() && !printed().includes("ready to accept connections at")) await Bun.sleep(2);
    const starts = !ended();
    const found = starts ? await state(socket) : NONE;
    await removed(directory, printed());
    const files = filesOf(directory);
    return { starts, ...found, files, log: printed().includes("BUG REPORT") ? [CRASHED] : linesOf(printed()) };
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    directory[Symbol.dispose]();
  }
}

/** What one of ours makes of it; `directory` is over then. */
export async function askOurs(directory: Directory, directives: Directives = {}): Promise<Verdict> {
  let server: AofServer | null = null;
  try {
    server = await AofServer.start(directory, directives).catch(() => null);
    const found = server === null ? NONE : await state(server.server.port);
    await removed(directory, directory.log);
    return { starts: server !== null, ...found, files: filesOf(directory), log: linesOf(directory.log) };
  } finally {
    await server?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  }
}
