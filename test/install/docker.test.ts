/**
 * The image of install/docker, built and run without Docker: see container.ts for what stands in for the base image, and what therefore is not
 * tried here: Alpine's own packages. REPLICANT_MUSL_ROOT (scripts/try-executables.sh) is a root directory of busybox, musl and libstdc++, and
 * has the musl executable run in place of the sources.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { PLATFORMS } from "../../src/node/platforms.ts";
import { layOut, Machine, whyNoContainers } from "./container.ts";
import { neededStages, readDockerfile, type Stage } from "./dockerfile.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "install/docker");
const DOCKERFILE = readFileSync(join(FOLDER, "Dockerfile"), "utf8");
const ENTRYPOINT = readFileSync(join(FOLDER, "entrypoint.sh"));
const BUN = realpathSync(process.execPath);
/** A root directory that is as Alpine's, in the place of this machine's. */
const muslRoot = process.env.REPLICANT_MUSL_ROOT;

const executables = (stages: readonly Stage[]): string[] =>
  stages.flatMap(({ instructions }) => instructions.map(({ text }) => /^dist\/replicant-(\S+)/.exec(text)?.[1] ?? "")).filter(Boolean);

/** Alpine's, as far as the image uses it: it notes what is asked for, and has no package but those that Alpine has. */
const APK = `#!/bin/sh
[ "$1 $2" = "add --no-cache" ] || { echo "apk: unknown: $*" >&2; exit 99; }
shift 2
for package; do
  [ "$package" = libstdc++ ] || { echo "ERROR: unable to select packages: $package (no such package)" >&2; exit 1; }
  [ ! -e /packages/$package.so.6 ] || cp /packages/$package.so.6 /usr/lib/
done
`;

describe("the Dockerfile", () => {
  test.each([
    ["amd64", "linux-x64-musl"],
    ["arm64", "linux-arm64-musl"],
  ])("copies for %s the executable of %s, and that alone", (architecture, platform) => {
    expect(Object.keys(PLATFORMS)).toContain(platform);
    expect(executables(neededStages(readDockerfile(DOCKERFILE, { TARGETARCH: architecture })))).toEqual([platform]);
  });

  test("has no stage for another architecture", () => {
    const stages = readDockerfile(DOCKERFILE, { TARGETARCH: "riscv64" });
    expect(neededStages(stages).some(({ from }) => from === "riscv64")).toBe(true);
    expect(stages.map(({ name }) => name)).not.toContain("riscv64");
  });

  test("is sent all that it copies, and nothing else", () => {
    const ignore = readFileSync(join(FOLDER, "Dockerfile.dockerignore"), "utf8");
    const sent = Array.from(ignore.matchAll(/^!(.*)$/gm), ([, path]) => path);
    const copied = readDockerfile(DOCKERFILE, { TARGETARCH: "amd64" }).flatMap(({ instructions }) =>
      instructions.filter(({ name, flags }) => name === "COPY" && flags.from === undefined).map(({ text }) => text.split(" ")[0]),
    );
    expect(copied.toSorted()).toEqual(sent.toSorted());
    expect(ignore).toContain("\n*\n");
  });

  test("says no password, and takes none from the environment", () => {
    expect(DOCKERFILE).not.toMatch(/^ENV/m);
    expect(DOCKERFILE).not.toMatch(/requirepass|REDISCLI_AUTH|-a /);
  });

  test("a reader that does not know an instruction says so", () => {
    expect(() => readDockerfile("FROM a\nSHELL x\n", {})).toThrow('no instruction is known as "SHELL"');
    expect(() => readDockerfile(`FROM \${NONE}\n`, {})).toThrow(`nothing says what \${NONE} is`);
  });
});

const why = whyNoContainers();

describe.skipIf(why !== null)(`an image${why === null ? "" : ` (skipped: ${why})`}`, () => {
  const context = mkdtempSync(join(tmpdir(), "replicant-context-"));
  let machine: Machine;
  let done: readonly string[];

  beforeAll(async () => {
    layOut(context, {
      "dist/replicant-linux-x64-musl": `#!/bin/sh\nexec /opt/bun/${basename(BUN)} /opt/replicant/src/main.ts "$@"\n`,
      "install/docker/entrypoint.sh": ENTRYPOINT,
      LICENSE: readFileSync(join(ROOT, "LICENSE")),
    });
    if (muslRoot !== undefined) copyFileSync(join(muslRoot, "replicant-linux-x64-musl"), join(context, "dist/replicant-linux-x64-musl"));
    machine = await Machine.make({
      ...(muslRoot === undefined ? {} : { base: `cp -a ${muslRoot}/root/. "$1"` }),
      seen: muslRoot === undefined ? { "/opt/replicant": ROOT, "/opt/bun": dirname(BUN) } : {},
      programs: { "/sbin/apk": APK },
    });
    done = machine.build(neededStages(readDockerfile(DOCKERFILE, { TARGETARCH: "amd64" })), context);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(context, { recursive: true, force: true });
  });

  /** What entrypoint.sh would have run, whose last word comes of a program in the place of the executable. */
  const wouldRun = (...words: string[]): string => {
    machine.put("/stand-in/replicant", '#!/bin/sh\necho replicant "$@"\n');
    const path = "/stand-in:/usr/local/bin:/usr/bin:/bin";
    return machine.run(["replicant-entrypoint", ...words], { PATH: path }).out.trim();
  };

  test("each step that is executed succeeds, the executable in it runs", () => {
    expect(done.filter((line) => line.startsWith("RUN"))).toEqual([
      "RUN apk add --no-cache libstdc++",
      expect.stringContaining("chown 999:1000 /data"),
      "RUN replicant --version",
    ]);
    expect(machine.run(["stat", "-c", "%u:%g %a", "/data", "/usr/local/bin/replicant", "/usr/local/bin/replicant-entrypoint"]).out).toBe(
      "999:1000 750\n0:0 755\n0:0 755\n",
    );
  });

  test("a step that fails is an error", () => {
    const broken = neededStages(readDockerfile(DOCKERFILE.replace("libstdc++\n", "libstdc+\n"), { TARGETARCH: "amd64" })).slice(-1);
    const asRoot = { ...machine.image };
    machine.image.user = "0:0";
    expect(() => machine.build(broken, context)).toThrow("unable to select packages: libstdc+");
    Object.assign(machine.image, asRoot);
  });

  test.skipIf(muslRoot === undefined)("without libstdc++ the build ends (with REPLICANT_MUSL_ROOT)", async () => {
    await using bare = await Machine.make({ base: `cp -a ${muslRoot}/root/. "$1"` });
    const needed = readDockerfile(DOCKERFILE.replace(/^RUN apk.*\n/m, ""), { TARGETARCH: "amd64" });
    expect(() => bare.build(neededStages(needed), context)).toThrow("Error loading shared library libstdc++.so.6");
  });

  test("a container serves as its user, is healthy, saves to /data when it is stopped, and has it again", async () => {
    {
      await using container = machine.start();
      await container.healthy();
      expect(readFileSync(`/proc/${container.init}/status`, "latin1")).toMatch(/^Uid:\t999\t.*\nGid:\t1000\t/m);
      expect(machine.run(["replicant", "cli", "--csv", "config", "get", "dir", "protected-mode"]).out).toBe(
        '"dir","/data","protected-mode","no"\n',
      );
      expect(machine.run(["replicant", "cli", "set", "greeting", "hello"]).out).toBe("OK\n");
      expect(await container.stop()).toBe(0);
      expect(container.health()).toBe(1);
      expect(machine.run(["stat", "-c", "%u:%g", "/data/dump.rdb"]).out).toBe("999:1000\n");
    }
    // As from an image that was told to include a secret, with a data directory that has been used before.
    machine.put("/run/secrets/auth.conf", "requirepass s3cret\n");
    await using container = machine.start(["redis-server", "--appendonly", "no", "--include", "/run/secrets/auth.conf"]);
    await container.healthy();
    expect(machine.run(["replicant", "cli", "get", "greeting"]).out).toContain("NOAUTH");
    expect(machine.run(["replicant", "cli", "-e", "get", "greeting"], { REDISCLI_AUTH: "s3cret" }).out).toBe("hello\n");
    expect(readFileSync(`/proc/${container.init}/cmdline`, "latin1")).not.toContain("s3cret");
    expect(await container.stop("SIGINT")).toBe(0);
  });

  test("words are the command line, those for the official Redis image too", () => {
    expect(wouldRun()).toBe("replicant --protected-mode no");
    expect(wouldRun("--port", "7000", "--save", "")).toBe("replicant --protected-mode no --port 7000 --save");
    expect(wouldRun("redis-server", "--appendonly", "yes")).toBe("replicant --protected-mode no --appendonly yes");
    expect(wouldRun("redis-server")).toBe("replicant --protected-mode no");
    expect(wouldRun("redis-cli", "-h", "db", "ping")).toBe("replicant cli -h db ping");
    expect(wouldRun("redis-benchmark", "-q")).toBe("replicant benchmark -q");
    expect(wouldRun("check", "--json", "/data/dump.rdb")).toBe("replicant check --json /data/dump.rdb");
    expect(wouldRun("replicant", "--port", "1")).toBe("replicant --protected-mode no --port 1");
    expect(wouldRun("echo", "a  b")).toBe("a  b");
  });

  test("protected mode is off unless someone says otherwise", () => {
    machine.put("/tmp/silent.conf", "maxmemory 1gb\n");
    machine.put("/tmp/says.conf", "  Protected-Mode yes\n");
    machine.put("/tmp/includes.conf", "include /tmp/says.conf\n");
    expect(wouldRun("/tmp/silent.conf", "--port", "1")).toBe("replicant /tmp/silent.conf --protected-mode no --port 1");
    expect(wouldRun("redis-server", "/tmp/silent.conf")).toBe("replicant /tmp/silent.conf --protected-mode no");
    expect(wouldRun("/tmp/says.conf")).toBe("replicant /tmp/says.conf");
    expect(wouldRun("/tmp/includes.conf")).toBe("replicant /tmp/includes.conf");
    expect(wouldRun("/tmp/none.conf")).toBe("replicant /tmp/none.conf");
    expect(wouldRun("-", "--port", "1")).toBe("replicant - --port 1");
    expect(wouldRun("--port", "1", "-")).toBe("replicant --port 1 -");
    // What comes later wins.
    expect(wouldRun("--protected-mode", "yes")).toBe("replicant --protected-mode no --protected-mode yes");
  });
});
