/**
 * Newer servers of both families, for tests that cross versions. `scripts/peers.sh` brings them; REPLICANT_PEERS names the folder they are
 * in, else they are looked for on the PATH. Without them those tests are skipped and say so: not every machine can have them.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ServerProcess, type StartOptions, startServer } from "./process.ts";

export type PeerName = "redis8" | "valkey9";

const FILES: Record<PeerName, string> = { redis8: "redis8-server", valkey9: "valkey-server" };
const OLDEST: Record<PeerName, number> = { redis8: 8, valkey9: 9 };
const paths = new Map<PeerName, string | null>();

/** The path of a server's program, or null where there is none that is new enough. */
export function pathOfPeer(name: PeerName): string | null {
  let path = paths.get(name);
  if (path === undefined) {
    path = find(name);
    paths.set(name, path);
  }
  return path;
}

function find(name: PeerName): string | null {
  const folder = process.env.REPLICANT_PEERS;
  const path = folder === undefined ? Bun.which(FILES[name]) : join(folder, FILES[name]);
  if (path === null || !existsSync(path)) return null;
  const version = /\bv=(\d+)/.exec(Bun.spawnSync([path, "--version"]).stdout.toString());
  return version !== null && Number(version[1]) >= OLDEST[name] ? path : null;
}

/** Why a test that needs these cannot run here, as part of its name; "" when it can. */
export function wantOfPeers(...names: readonly PeerName[]): string {
  const missing = names.filter((name) => pathOfPeer(name) === null);
  return missing.length === 0 ? "" : ` (skipped: there is no ${missing.map((name) => FILES[name]).join(", no ")}, see scripts/peers.sh)`;
}

/** Starts one that saves nothing of its own accord and sends a full synchronisation at once; `options.args` override that. */
export function startPeer(name: PeerName, options: StartOptions = {}): Promise<ServerProcess> {
  const path = pathOfPeer(name);
  if (path === null) throw new Error(`there is no ${FILES[name]}`);
  const defaults = [
    "--save",
    "",
    "--appendonly",
    "no",
    "--daemonize",
    "no",
    "--repl-diskless-sync-delay",
    "0",
    "--enable-debug-command",
    "yes",
  ];
  return startServer([path], { ...options, args: [...defaults, ...(options.args ?? [])] });
}
