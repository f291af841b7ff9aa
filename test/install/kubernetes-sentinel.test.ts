/**
 * The set of install/kubernetes run without Kubernetes: each pod is a machine with an address, a root directory and volumes of its own
 * (container.ts), in which the scripts of the ConfigMap run as they stand. Debian's redis-sentinel is in the place of the official image's.
 * Runs with REPLICANT_LONG=1 (`npm run test:long`); with REPLICANT_EXECUTABLE=1 it is dist/replicant that runs in place of the sources.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { until } from "../replication/support.ts";
import { type Container, connectMachines, Machine, whyNoContainers } from "./container.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "install/kubernetes");
const BUN = realpathSync(process.execPath);
const NAMESPACE = "replicant";
const COMMAND =
  process.env.REPLICANT_EXECUTABLE === "1" ? "/opt/replicant/dist/replicant" : `/opt/bun/${basename(BUN)} /opt/replicant/src/main.ts`;
/** With what a shell, a configuration file and sed have a meaning for. */
const PASSWORD = String.raw`s3c"r\et $x&'`;
const SETS = ["replicant", "sentinel"] as const;
const isLong = process.env.REPLICANT_LONG === "1";
const why = isLong
  ? Bun.which("redis-sentinel") === null
    ? "it needs redis-sentinel"
    : whyNoContainers()
  : "it runs with REPLICANT_LONG=1";

/** What a pod's container is run with. */
class Pod implements AsyncDisposable {
  readonly name: string;
  readonly machine: Machine;
  container: Container | null = null;
  private readonly set: (typeof SETS)[number];

  constructor(set: (typeof SETS)[number], number: number, machine: Machine) {
    this.name = `${set}-${number}`;
    this.set = set;
    this.machine = machine;
    Object.assign(machine.image, { user: "999:1000", workdir: "/data" });
    for (const folder of ["config", "scripts"]) {
      for (const file of readdirSync(join(FOLDER, folder)))
        machine.put(`/etc/replicant/${file}`, readFileSync(join(FOLDER, folder, file), "utf8"));
    }
    machine.put("/run/secrets/replicant/password", `${PASSWORD}\n`);
    machine.put("/usr/local/bin/replicant", `#!/bin/sh\nexec ${COMMAND} "$@"\n`);
  }

  get host(): string {
    return `${this.name}.${this.set}.${NAMESPACE}.svc`;
  }

  private get env(): Record<string, string> {
    return { POD_NAME: this.name, NAMESPACE };
  }

  start(): void {
    this.container = this.machine.start(["/bin/sh", `/etc/replicant/start-${this.set}.sh`], this.env);
  }

  script(name: string): number | null {
    return this.machine.run(["/bin/sh", `/etc/replicant/${name}.sh`], this.env).code;
  }

  ask(...words: string[]): string {
    const port = this.set === "replicant" ? "6379" : "26379";
    const { out } = this.machine.run(["redis-cli", "-p", port, "--no-auth-warning", ...words], { REDISCLI_AUTH: PASSWORD });
    return out.trim();
  }

  info(field: string): string {
    return new RegExp(`^${field}:(.*?)\r?$`, "m").exec(this.ask("INFO", "replication"))?.[1] ?? "";
  }

  /** What the kubelet does when a pod is deleted: the hook, the signal. */
  async stop(): Promise<number | null> {
    expect(this.script("hand-over")).toBe(0);
    return (await this.container?.stop()) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container?.[Symbol.asyncDispose]();
    await this.machine[Symbol.asyncDispose]();
  }
}

describe.skipIf(why !== null)(
  `three Replicants and three Sentinels, by the scripts for Kubernetes${why === null ? "" : ` (skipped: ${why})`}`,
  () => {
    const pods: Pod[] = [];
    const servers = (): Pod[] => pods.slice(0, 3);
    const sentinels = (): Pod[] => pods.slice(3);
    /** Whom the Sentinels all name. */
    const named = (): string => {
      const names = new Set(sentinels().map((each) => each.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "replicant").split("\n")[0]));
      return names.size === 1 ? String([...names]) : "";
    };
    const settled = (master: Pod) =>
      until(`${master.name} to be the master of all`, () => {
        const others = servers().filter((each) => each !== master);
        return (
          named() === master.host &&
          master.info("connected_slaves") === "2" &&
          others.every((each) => each.info("master_host") === master.host)
        );
      });
    const known = () =>
      until("the Sentinels to know of all", () =>
        sentinels().every((each) => {
          const told = each.ask("SENTINEL", "MASTER", "replicant").split("\n");
          const field = (name: string) => told[told.indexOf(name) + 1];
          return field("num-slaves") === "2" && field("num-other-sentinels") === "2" && field("flags") === "master";
        }),
      );

    beforeAll(async () => {
      for (const set of SETS) {
        for (const number of [0, 1, 2]) {
          const machine = await Machine.make({ seen: { "/opt/replicant": ROOT, "/opt/bun": dirname(BUN) } });
          machine.image.user = "0:0";
          machine.run(["sh", "-c", "mkdir -p /data /run/replicant && chown 999:1000 /data /run/replicant"]);
          pods.push(new Pod(set, number, machine));
        }
      }
      connectMachines(
        pods.map(({ machine }) => machine),
        pods.map(({ host }) => host),
      );
      for (const pod of pods) pod.start();
    });
    afterAll(async () => {
      for (const pod of pods) await pod[Symbol.asyncDispose]();
    });

    test("come up with the first as the master, ready, and known to the Sentinels", async () => {
      const [first] = servers();
      await settled(first);
      await known();
      await until("all to be ready", () => servers().every((each) => each.script("ready") === 0));
      expect(first.ask("SET", "before", "1")).toBe("OK");
      for (const pod of pods) {
        const line = readFileSync(`/proc/${pod.container?.init}/cmdline`, "latin1");
        const environment = readFileSync(`/proc/${pod.container?.init}/environ`, "latin1");
        expect(line + environment).not.toContain("s3c");
      }
      // What a Sentinel waits for in between: it begins no failover for twice this time after the last.
      for (const each of sentinels()) {
        expect(each.ask("SENTINEL", "SET", "replicant", "failover-timeout", "4000", "down-after-milliseconds", "2000")).toBe("OK");
      }
      // Without the password no one is let in.
      expect(sentinels()[0].machine.run(["redis-cli", "-p", "26379", "SENTINEL", "MASTERS"]).out).toContain("NOAUTH");
    });

    test("a pod that is deleted hands over first, without a write that fails or is lost", async () => {
      const [first] = servers();
      expect(await first.stop()).toBe(0);
      const next = servers().find(({ host }) => host === named());
      if (next === undefined) throw new Error("no other is named");
      expect(next).not.toBe(first);
      expect(next.ask("GET", "before")).toBe("1");
      expect(first.script("ready")).not.toBe(0);
      // It comes back as a replica of the one that the Sentinels name.
      first.start();
      await settled(next);
      await until("it to be ready", () => first.script("ready") === 0);
      expect(first.ask("GET", "before")).toBe("1");
      await known();
    });

    test("a master that is killed is replaced, and follows when it comes back", async () => {
      const master = servers().find(({ host }) => host === named());
      if (master === undefined) throw new Error("no one is named");
      expect(master.ask("SET", "after", "1")).toBe("OK");
      await until("its replicas to have it", () => servers().every((each) => each.ask("GET", "after") === "1"));
      await master.container?.[Symbol.asyncDispose]();
      await until("another to be named", () => named() !== "" && named() !== master.host);
      const next = servers().find(({ host }) => host === named());
      if (next === undefined) throw new Error("no one is named");
      master.start();
      await settled(next);
      expect(servers().map((each) => each.ask("GET", "after"))).toEqual(["1", "1", "1"]);
    });

    test("all pods gone at once come back as they were: who has data waits for the Sentinels", async () => {
      const master = servers().find(({ host }) => host === named());
      if (master === undefined) throw new Error("no one is named");
      expect(master.ask("SET", "last", "1")).toBe("OK");
      await until("its replicas to have it", () => servers().every((each) => each.ask("GET", "last") === "1"));
      for (const pod of pods) await pod.container?.[Symbol.asyncDispose]();
      for (const server of servers()) server.start();
      const [first] = servers();
      await until("it to wait", () => first.container?.log().includes("no Sentinel to say who the master is: waiting") === true);
      expect(first.ask("PING")).toContain("Connection refused");
      for (const sentinel of sentinels()) sentinel.start();
      await until("one to be master of all", () => {
        const one = servers().find(({ host }) => host === named());
        return one?.info("connected_slaves") === "2";
      });
      expect(servers().map((each) => each.ask("GET", "last"))).toEqual(["1", "1", "1"]);
    });
  },
);
