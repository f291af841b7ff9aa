/**
 * Writes the methods of the typed client, src/client/commands/, from the contracts of the commands: `bun scripts/generate-client.ts`. A test
 * fails while what it would write is not what is there.
 */

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../src/commands/command-list.ts";
import type { Contract, Runnable } from "../src/execution/contract.ts";
import { methodOf } from "./client-methods.ts";
import { Definitions } from "./client-replies.ts";

const FOLDER = join(import.meta.dirname, "..", "src", "client", "commands");
const HEAD = "Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand.";

/** What has no method here: it changes what the connection itself is, which the client keeps in its own hands, or is for servers only. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  (
    "hello auth select quit reset client|reply multi exec discard watch unwatch subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe " +
    "monitor replicant.changes|subscribe replicant.changes|unsubscribe sync psync replconf asking restore-asking debug pfdebug pfselftest client|caching"
  ).split(" "),
);

/** The iterators of the client have the plain names. */
const STEPS: Readonly<Record<string, string>> = { scan: "scanStep", hscan: "hscanStep", sscan: "sscanStep", zscan: "zscanStep" };

/** What no Redis has is a file of its own, whatever its group. */
const OURS = "REPLICANT.";

interface Source {
  readonly spec: Contract;
  readonly path: readonly string[];
}

/** Returns the files by their names. */
function generateClient(): Map<string, string> {
  const groups = new Map<string, Source[]>();
  const definitions = new Definitions();
  const add = (command: Runnable, before: readonly string[]): void => {
    const { spec } = command;
    const path = [...before, spec.name.toUpperCase()];
    for (const subcommand of command.subcommands) add(subcommand, path);
    if (command.subcommands.length > 0 && spec.notation === "") return;
    if (LEFT_OUT.has(path.join("|").toLowerCase()) || spec.group === "transactions") return;
    definitions.add(spec.replies);
    const name = path[0]?.startsWith(OURS) ? "replicant" : spec.group;
    const group = groups.get(name) ?? [];
    group.push({ spec, path });
    groups.set(name, group);
  };
  for (const command of [...COMMANDS].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1))) add(command, []);
  const names = [...groups.keys()].sort();
  const files = new Map<string, string>();
  files.set("replies.ts", repliesFile(definitions));
  names.forEach((group, at) => {
    files.set(`${group}.ts`, groupFile(group, names[at - 1] ?? null, groups.get(group) ?? [], definitions));
  });
  files.set("all.ts", allFile(names));
  return files;
}

function groupFile(group: string, base: string | null, sources: readonly Source[], definitions: Definitions): string {
  const methods = sources.map(({ spec, path }) => methodOf(spec, path, definitions));
  const className = `${pascal(group)}Commands`;
  const baseName = base === null ? "CommandBase" : `${pascal(base)}Commands`;
  const body: string[] = [];
  for (const { types } of methods) for (const type of types) body.push(type, "");
  body.push(`/** Commands of the group "${group}"${base === null ? "" : ", and of those before it"}. */`);
  body.push(`export abstract class ${className}<M extends Mode> extends ${baseName}<M> {`);
  methods.forEach(({ name, lines }, at) => {
    if (at > 0) body.push("");
    for (const line of lines) body.push(line === "" ? "" : `  ${line.replace(new RegExp(`^${name}\\(`), `${STEPS[name] ?? name}(`)}`);
  });
  body.push("}");
  const text = body.join("\n");
  const used = (list: readonly string[]): string[] => list.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const lines = [
    imports("../arguments.ts", [
      ...used([
        "addAll",
        "addColumns",
        "addCounted",
        "addCountedPairs",
        "addEach",
        "addPairs",
        "addRows",
        "addThreshold",
        "isWord",
        "listOf",
      ]),
      ...used(["AllOrNone", "AtMostOne", "Double", "Exactly", "Integer", "OneOf", "OneOrMore", "Pairs", "Threshold"]).map(
        (name) => `type ${name}`,
      ),
    ]),
    imports("../command-base.ts", [
      ...(base === null ? ["CommandBase"] : []),
      ...used(["Answer", "Convert", "Mode", "Text"]).map((name) => `type ${name}`),
    ]),
    imports("../converting.ts", [
      ...used(["each", "fields", "named", "orEmpty", "record", "toNumber", "tuple"]),
      ...used(["Fields", "IfOption", "Joined"]).map((name) => `type ${name}`),
    ]),
    imports("../known-options.ts", used(["knownOptions", "requireKnown", "tooMany"])),
    imports(
      "../link.ts",
      used(["Word"]).map((name) => `type ${name}`),
    ),
    imports("./replies.ts", [
      ...used(definitions.names.map((name) => `to${name}`)),
      ...used(definitions.names).map((name) => `type ${name}`),
    ]),
    ...(base === null ? [] : [imports(`./${base}.ts`, [baseName])]),
  ];
  return `/** ${HEAD} */\n\n${lines.filter((line) => line !== "").join("\n")}\n\n${text}\n`;
}

function repliesFile(definitions: Definitions): string {
  const text = definitions.declarations();
  const used = (list: readonly string[]): string[] => list.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const lines = [
    imports(
      "../command-base.ts",
      used(["Convert"]).map((name) => `type ${name}`),
    ),
    imports("../converting.ts", [
      ...used(["each", "fields", "lazily", "record", "toNumber", "tuple"]),
      ...used(["Fields"]).map((name) => `type ${name}`),
    ]),
  ];
  const head = `/**\n * ${HEAD}\n * What replies of several commands have in them.\n */`;
  return `${head}\n\n${lines.filter((line) => line !== "").join("\n")}\n\n${text.trimEnd()}\n`;
}

/** The last of the classes, which has all methods, by a name of its own; and the types for users. */
function allFile(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return [
    `/** ${HEAD} */`,
    "",
    `export { ${pascal(last)}Commands as Commands } from "./${last}.ts";`,
    `export type * from "./replies.ts";`,
    ...names.map((name) => `export type * from "./${name}.ts";`),
    "",
  ].join("\n");
}

function imports(from: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const allTypes = names.every((name) => name.startsWith("type "));
  const list = allTypes ? names.map((name) => name.slice(5)) : names;
  return `import ${allTypes ? "type " : ""}{ ${list.join(", ")} } from "${from}";`;
}

function pascal(group: string): string {
  return group.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the names of files that are not what would be written. */
export function outdatedFiles(): string[] {
  const files = generateClient();
  const there = new Set(readdirSync(FOLDER));
  const changed = [...files].filter(([name, text]) => !there.has(name) || readFileSync(join(FOLDER, name), "utf8") !== text);
  return [...changed.map(([name]) => name), ...[...there].filter((name) => !files.has(name))];
}

if (import.meta.main) {
  const files = generateClient();
  for (const name of readdirSync(FOLDER)) if (!files.has(name)) rmSync(join(FOLDER, name));
  for (const [name, text] of files) writeFileSync(join(FOLDER, name), text);
  console.log(`${files.size} files in ${FOLDER}`);
}
