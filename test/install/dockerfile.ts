/**
 * Reads a Dockerfile: its stages with their instructions, as far as the one of install/docker uses the format. What it does not know is an
 * error. Source: Docker's reference of the format.
 */

/** A line of it, continued lines joined. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** `--from=executable` as `from` and `executable`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, arguments of the build put in. */
  readonly text: string;
  /** For the form of a JSON array: its words. */
  readonly words: readonly string[] | null;
}

export interface Stage {
  readonly from: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

const KNOWN = new Set([
  ...["ARG", "CMD", "COPY", "ENTRYPOINT", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
]);

/** `given`: arguments of the build, which BuildKit (TARGETARCH) and the one who builds give. Returns the stages in their order. */
export function readDockerfile(text: string, given: Readonly<Record<string, string>>): Stage[] {
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  const args: Record<string, string> = { ...given };
  for (const line of logicalLines(text)) {
    const [, name = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    if (!KNOWN.has(name)) throw new Error(`no instruction is known as "${name}"`);
    if (name === "ARG") {
      const [key = "", value] = rest.split("=", 2);
      if (args[key] === undefined && value !== undefined) args[key] = value;
      continue;
    }
    if (name === "FROM") {
      const { 1: from = "", 2: as = String(stages.length) } = /^(\S+)(?: AS (\S+))?$/.exec(filled(rest, args)) ?? [];
      stages.push({ from, name: as, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${name} stands before the first FROM`);
    stage.instructions.push(instruction(name, rest));
  }
  return stages;
}

/** The stages that the last one is built of, it last: a builder leaves out all others. */
export function neededStages(stages: readonly Stage[]): Stage[] {
  const needed: Stage[] = [];
  const need = (stage: Stage | undefined): void => {
    if (stage === undefined || needed.includes(stage)) return;
    need(stages.find(({ name }) => name === stage.from));
    for (const { flags } of stage.instructions) need(stages.find(({ name }) => name === flags.from));
    needed.push(stage);
  };
  need(stages.at(-1));
  return needed;
}

function instruction(name: string, rest: string): Instruction {
  const flags: Record<string, string> = {};
  let text = rest;
  for (let match = FLAG.exec(text); match !== null; match = FLAG.exec(text)) {
    flags[match[1] ?? ""] = match[2] ?? "";
    text = text.slice(match[0].length);
  }
  // HEALTHCHECK has a second word before its array.
  const array = name === "HEALTHCHECK" ? text.replace(/^CMD\s+/, "") : text;
  return { name, flags, text, words: array.startsWith("[") ? JSON.parse(array) : null };
}

const FLAG = /^--([a-z-]+)=(\S+)\s+/;

function* logicalLines(text: string): Generator<string> {
  let held = "";
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("#") || (held === "" && line.trim() === "")) continue;
    held += line;
    if (line.endsWith("\\")) {
      held = held.slice(0, -1);
      continue;
    }
    yield held;
    held = "";
  }
  if (held !== "") throw new Error("the last line goes on, and nothing follows");
}

function filled(text: string, args: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, key: string) => {
    const value = args[key];
    if (value === undefined) throw new Error(`nothing says what \${${key}} is`);
    return value;
  });
}
