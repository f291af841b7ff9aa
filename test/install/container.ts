/**
 * A machine with a root directory and a network of its own, in which the instructions of a Dockerfile are carried out one by one, and what
 * they make is run as a container is: as its user, first process of its own. No Docker is needed; Linux and root are.
 *
 * The base image cannot be had here. In its place is this machine's own root directory under a layer that keeps what is written and goes in
 * the end (`apk`, and what stands for the executable, come from the test), or a directory made of busybox and musl.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Subprocess } from "bun";
import { PATIENCE_MS } from "../support/limits.ts";
import type { Instruction, Stage } from "./dockerfile.ts";

/** Programs of this machine, which are found whatever the PATH in the container is. */
const [NSENTER, UNSHARE, CHROOT] = ["nsenter", "unshare", "chroot"].map((name) => Bun.which(name) ?? "");

/** Whether this machine can do that, or why not. */
export function whyNoContainers(): string | null {
  if (process.platform !== "linux") return "containers need Linux";
  if (process.getuid?.() !== 0) return "containers need root";
  const probe = 'mkdir "$1/m" && mount -t tmpfs tmpfs "$1/m" && mkdir "$1/m/u" "$1/m/w" "$1/m/r" && ';
  const layer = 'mount -t overlay overlay -o "lowerdir=/,upperdir=$1/m/u,workdir=$1/m/w" "$1/m/r" && ip link set lo up';
  const scratch = mkdtempSync(join(tmpdir(), "replicant-layer-"));
  try {
    const { exitCode, stderr } = Bun.spawnSync([UNSHARE, "--mount", "--net", "--pid", "--fork", "sh", "-c", probe + layer, "sh", scratch]);
    return exitCode === 0 ? null : `no layer over / can be made: ${stderr.toString().trim()}`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What a container is run with, from the image's last stage. */
interface Image {
  user: string;
  workdir: string;
  entrypoint: readonly string[];
  command: readonly string[];
  health: readonly string[];
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface MachineOptions {
  /** Commands that fill `$1`, an empty directory, with what the base image has; none: this machine's own root directory is it. */
  readonly base?: string;
  /** Directories of this machine that are needed inside, by the place where they are seen. */
  readonly seen?: Readonly<Record<string, string>>;
  /** Programs that stand for those of the base image, by path. */
  readonly programs?: Readonly<Record<string, string>>;
}

export class Machine implements AsyncDisposable {
  readonly image: Image = { user: "0:0", workdir: "/", entrypoint: [], command: [], health: [] };
  private readonly scratch: string;
  private readonly holder: Subprocess;

  private constructor(scratch: string, holder: Subprocess) {
    this.scratch = scratch;
    this.holder = holder;
  }

  static async make({ base, seen = {}, programs = {} }: MachineOptions): Promise<Machine> {
    const scratch = mkdtempSync(join(tmpdir(), "replicant-container-"));
    const root = join(scratch, "m/root");
    const steps = [
      `mkdir ${scratch}/m && mount -t tmpfs tmpfs ${scratch}/m && cd ${scratch}/m && mkdir upper work root`,
      base === undefined ? `mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root` : `sh -ec '${base}' sh ${root}`,
      `mkdir -p root/proc root/dev root/tmp && mount --bind /proc root/proc && mount --bind /dev root/dev && chmod 1777 root/tmp`,
      ...Object.entries(seen).map(([place, from]) => `mkdir -p root${place} && mount --bind ${from} root${place}`),
      "ip link set lo up && echo ready && exec sleep 3600",
    ];
    const holder = Bun.spawn([UNSHARE, "--mount", "--net", "sh", "-ec", steps.join("\n")], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await holder.stdout.getReader().read();
    const machine = new Machine(scratch, holder);
    if (value === undefined) {
      await machine[Symbol.asyncDispose]();
      throw new Error("the machine could not be made");
    }
    for (const [place, text] of Object.entries(programs)) machine.put(place, text);
    return machine;
  }

  get root(): string {
    return join(this.scratch, "m/root");
  }

  /** Writes a program to `place`. */
  put(place: string, text: string): void {
    const file = join(this.scratch, "program");
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    this.outside("mkdir", "-p", dirname(this.root + place));
    this.outside("cp", file, this.root + place);
  }

  /** Carries the instructions of a stage out; `context`: the folder that is built from. Returns a line for each that did something. */
  build(stages: readonly Stage[], context: string): string[] {
    const done: string[] = [];
    for (const { from, name, instructions } of stages) {
      const last = name === stages.at(-1)?.name;
      // Only the last stage is a machine; others are folders.
      const root = last ? this.root : join(this.scratch, "m", `stage-${name}`);
      const inherited = join(this.scratch, "m", `stage-${from}`);
      if (!last) this.outside("sh", "-ec", 'mkdir "$1"; [ ! -d "$2" ] || cp -a "$2/." "$1"', "sh", root, inherited);
      for (const each of instructions) done.push(this.carryOut(each, root, context));
    }
    return done;
  }

  private carryOut({ name, flags, text, words }: Instruction, root: string, context: string): string {
    const { image } = this;
    if (name === "RUN") {
      const { code, out } = this.run(["/bin/sh", "-c", text]);
      if (code !== 0) throw new Error(`RUN ${text}: it ended with ${code}: ${out}`);
    } else if (name === "COPY") {
      const [source = "", target = "", ...more] = text.split(/\s+/);
      if (more.length > 0 || target === "") throw new Error(`COPY ${text}: one source and one target are known here`);
      const from = flags.from === undefined ? context : join(this.scratch, "m", `stage-${flags.from}`);
      const onto = root + target;
      const steps = 'mkdir -p "$(dirname "$2")"; cp "$1" "$2"; chown 0:0 "$2"; [ -z "$3" ] || chmod "$3" "$2"';
      this.outside("sh", "-ec", steps, "sh", join(from, source), onto, flags.chmod ?? "");
    } else if (name === "USER") image.user = text;
    else if (name === "WORKDIR") image.workdir = text;
    else if (name === "ENTRYPOINT") image.entrypoint = words ?? ["/bin/sh", "-c", text];
    else if (name === "CMD") image.command = words ?? ["/bin/sh", "-c", text];
    else if (name === "HEALTHCHECK") image.health = words ?? [];
    return `${name} ${text}`;
  }

  /** Runs a command in the machine, as `docker exec` does: as the user that the image has come to. */
  run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
    const all = [...this.entering(), ...this.within(command)];
    const { exitCode, stdout, stderr } = Bun.spawnSync(all, { env: { PATH, HOME: "/tmp", ...env }, stdin: "ignore", timeout: PATIENCE_MS });
    return { code: exitCode, out: `${stdout}${stderr}` };
  }

  /** `docker run IMAGE WORDS`: what was given takes the place of CMD. */
  start(words: readonly string[] = this.image.command, env: Readonly<Record<string, string>> = {}): Container {
    const enter = [...this.entering(), UNSHARE, "--pid", "--fork", `--mount-proc=${this.root}/proc`];
    const log = join(this.scratch, "log");
    const child = Bun.spawn([...enter, ...this.within([...this.image.entrypoint, ...words])], {
      env: { PATH, HOME: "/tmp", ...env },
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
    });
    return new Container(this, child, log);
  }

  private entering(): string[] {
    return [NSENTER, `--target=${this.holder.pid}`, "--mount", "--net", "--"];
  }

  private within(command: readonly string[]): string[] {
    const { user, workdir } = this.image;
    // Without an init of its own: what the last command is runs as it stands.
    return [CHROOT, `--userspec=${user}`, "--groups=", this.root, "/bin/sh", "-c", 'cd "$0" && exec "$@"', workdir, ...command];
  }

  /** A command of this machine that sees the other's network. */
  onNetwork(...command: readonly string[]): void {
    this.outside(...command);
  }

  /** A command of this machine that sees the other's directories. */
  private outside(...command: readonly string[]): void {
    const { exitCode, stderr } = Bun.spawnSync([...this.entering(), ...command]);
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  }

  /** Where its network is. */
  get pid(): number {
    return this.holder.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.holder.kill("SIGKILL");
    await this.holder.exited;
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** The first three numbers of every address in a `connect`ed network. */
const NETWORK = "10.78.0";

/** Connects machines with one another: each has an address, and all names by which they are known (`names`, one for each machine). */
export function connectMachines(machines: readonly Machine[], names: readonly string[]): void {
  const [hub] = machines;
  const lines = names.map((name, index) => `${NETWORK}.${index + 1} ${name}`);
  hub.onNetwork("ip", "link", "add", "bridge0", "type", "bridge");
  hub.onNetwork("ip", "link", "set", "bridge0", "up");
  for (const [index, machine] of machines.entries()) {
    hub.onNetwork("ip", "link", "add", `port${index}`, "type", "veth", "peer", "name", "cable", "netns", String(machine.pid));
    hub.onNetwork("ip", "link", "set", `port${index}`, "master", "bridge0", "up");
    machine.onNetwork("ip", "addr", "add", `${NETWORK}.${index + 1}/24`, "dev", "cable");
    machine.onNetwork("ip", "link", "set", "cable", "up");
    machine.put("/etc/hosts", `127.0.0.1 localhost\n${lines.join("\n")}\n`);
  }
}

/** A running container. */
export class Container implements AsyncDisposable {
  private readonly machine: Machine;
  private readonly child: Subprocess;
  private readonly logFile: string;

  constructor(machine: Machine, child: Subprocess, logFile: string) {
    this.machine = machine;
    this.child = child;
    this.logFile = logFile;
  }

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8") : "";
  }

  /** What HEALTHCHECK's command ends with. */
  health(): number | null {
    return this.machine.run(this.machine.image.health).code;
  }

  async healthy(): Promise<void> {
    for (const deadline = Date.now() + PATIENCE_MS; this.health() !== 0; await Bun.sleep(20)) {
      if (this.child.exitCode !== null || Date.now() > deadline) throw new Error(`it does not become healthy: ${this.log()}`);
    }
  }

  /** The first process of the container, as this machine sees it. */
  get init(): number {
    const { pid } = this.child;
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    return Number(first);
  }

  /** `docker stop`, with the image's signal: sent to the first process. Returns what it ends with. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    process.kill(this.init, signal);
    await this.child.exited;
    return this.child.exitCode;
  }

  /** Ends it without a word, and with its first process all others. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      // What only waits for it goes by itself.
      if (this.init > 0) process.kill(this.init, "SIGKILL");
      else this.child.kill("SIGKILL");
    }
    await this.child.exited;
  }
}

/** Where files are laid out that an image is built from: `files` by path, each a program or a text. */
export function layOut(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), contents);
  }
}
