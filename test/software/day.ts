/**
 * The server for a client's day of work: over TLS, with certificates on both sides, as a user who may not do everything. It can be started
 * again with its data.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type RawClient } from "../support/client.ts";
import { freePort, type ServerProcess, startServer } from "../support/process.ts";

const CERTIFICATES = join(import.meta.dir, "../support/certificates");
const MAIN = join(import.meta.dir, "../../src/main.ts");

export const certificate = (name: string): string => join(CERTIFICATES, name);
const pem = (name: string): string => readFileSync(certificate(name), "utf8");

export const USER = "app";
export const PASSWORD = "a-secret";

/** For clients that take node's options. Whose name the server's certificate has does not matter. */
export const TLS = { ca: pem("ca.crt"), cert: pem("client.crt"), key: pem("client.key"), checkServerIdentity: () => undefined };

export class Day implements AsyncDisposable {
  readonly tlsPort: number;
  /** Another client, who may do everything. */
  other: RawClient;
  private server: ServerProcess;
  private readonly dir: string;

  private constructor(dir: string, tlsPort: number, server: ServerProcess, other: RawClient) {
    this.dir = dir;
    this.tlsPort = tlsPort;
    this.server = server;
    this.other = other;
  }

  static async begin(): Promise<Day> {
    const dir = mkdtempSync(join(tmpdir(), "replicant-day-"));
    const tlsPort = freePort();
    const server = await launch(dir, tlsPort);
    return new Day(dir, tlsPort, server, await connect(server.port));
  }

  /** Ends the server, which saves its data, and starts it again where it was. */
  async restart(): Promise<void> {
    const { port } = this.server;
    this.other.close();
    await this.server.stop();
    this.server = await launch(this.dir, this.tlsPort, port);
    this.other = await connect(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.other.close();
    await this.server.stop("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function launch(dir: string, tlsPort: number, port?: number): Promise<ServerProcess> {
  const command = process.env.SOFTWARE_SERVER === "redis" ? ["redis-server"] : ["bun", "run", MAIN];
  const lines = {
    "tls-port": tlsPort,
    "tls-cert-file": certificate("server.crt"),
    "tls-key-file": certificate("server.key"),
    "tls-ca-cert-file": certificate("ca.crt"),
    save: "3600 1",
    user: `${USER} on >${PASSWORD} ~day:* &day:* &__redis__:invalidate +@all -@dangerous +info`,
  };
  const config = Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
  return startServer(command, { dir, config, ...(port === undefined ? {} : { port }) });
}
