/** Writes the method of one command: its signatures by what it is asked for and answers, and its body. */

import type { Argument } from "../src/execution/command-syntax.ts";
import type { Contract } from "../src/execution/contract.ts";
import type { ReplyCase, Shape } from "../src/execution/reply-shape.ts";
import {
  childrenOf,
  encode,
  encodeCounted,
  isAnyWord,
  isCount,
  isFlat,
  isSimple,
  isTrim,
  joined,
  keyOf,
  methodName,
  optionOf,
  parameterName,
  push,
  quote,
  simpleType,
  trimOf,
  when,
} from "./client-arguments.ts";
import { conditionalParts, type Definitions, replyType } from "./client-replies.ts";

interface Parameter {
  readonly name: string;
  readonly type: string;
  /** 0: always there; else it is there from this level on. */
  readonly level: number;
}

/** What options are for a condition of a reply. */
interface Condition {
  /** Types of options for which it holds, and for which it does not. */
  readonly holds: string;
  readonly fails: string;
  /** An expression that says whether it holds. */
  readonly test: string;
}

/** A parameter for which a condition of a reply holds. */
interface ParameterCondition {
  readonly parameter: string;
  readonly holds: string;
  readonly fails: string;
  readonly test: string;
}

interface Signature {
  readonly parameters: string;
  /** Whether the reply's type depends on that of the options, `O`. */
  readonly byOptions?: boolean;
  readonly shapes: readonly Shape[];
}

export interface Method {
  readonly name: string;
  /** Type declarations that it needs, and its text, both as lines. */
  readonly types: readonly string[];
  readonly lines: readonly string[];
}

/** @param path the words of the command: ["XGROUP", "CREATE"]. */
export function methodOf(spec: Contract, path: readonly string[], definitions: Definitions): Method {
  return new MethodWriter(spec, path, definitions).write();
}

class MethodWriter {
  private readonly spec: Contract;
  private readonly path: readonly string[];
  private readonly definitions: Definitions;
  private readonly parameters: Parameter[] = [];
  private code: string[] = [];
  private readonly optionKeys: string[] = [];
  private readonly optionTypes: string[] = [];
  /** The type of the parameter of pairs, whose own type is `D`. */
  private pairs: string | null = null;
  /** Options that are there from a level on only. */
  private optionsLevel = 0;
  /** How many parameters, or blocks of them, may be left out. */
  private levels = 0;
  /** The level that an argument makes. */
  private readonly levelOf = new Map<string, number>();
  /** By what reply shapes call them. */
  private readonly conditions = new Map<string, Condition>();
  private readonly optionNames = new Map<string, string>();
  private readonly parameterConditions = new Map<string, ParameterCondition>();

  constructor(spec: Contract, path: readonly string[], definitions: Definitions) {
    this.spec = spec;
    this.path = path;
    this.definitions = definitions;
  }

  write(): Method {
    this.sequence(this.spec.arguments);
    const name = methodName(this.path);
    const optionsName = `${name[0].toUpperCase()}${name.slice(1)}Options`;
    const types = [...(this.optionKeys.length > 0 ? [`{\n  ${this.optionKeys.join(";\n  ")};\n}`] : []), ...this.optionTypes];
    const lines = this.signatures(name, types.length === 0 ? null : optionsName);
    const checked = new Checks(this.path, lines);
    return {
      name,
      types: [
        ...(types.length === 0 ? [] : [`export type ${optionsName} = ${types.join(" &\n  ")};`]),
        ...(checked.tables.length === 0 ? [] : [checked.tables.join("\n")]),
      ],
      lines: [...this.comment(), ...checked.lines],
    };
  }

  private sequence(args: readonly Argument[], level = 0): void {
    for (let at = 0; at < args.length; at++) {
      const arg = args[at];
      const next = args[at + 1];
      if (isCount(arg, next)) {
        this.counted(next, level);
        at++;
      } else if (!arg.optional) this.required(arg, level);
      else
        this.optional(
          arg,
          level,
          args.slice(at + 1).every((later) => later.optional),
        );
    }
  }

  private counted(arg: Argument, level: number): void {
    const name = parameterName(arg);
    const { type, code } = encodeCounted(arg, arg.optional ? `${name} ?? []` : name);
    this.parameter(name, type, arg.optional ? this.nextLevel(arg) : level);
    this.code.push(code);
  }

  private required(arg: Argument, level: number): void {
    const children = childrenOf(arg);
    const isList = arg.multiple || (children.length === 2 && (isCount(children[0], children[1]) || children.every((one) => one.multiple)));
    if (isTrim(arg)) {
      const { type, code } = trimOf(arg, arg.name, false);
      this.parameter(arg.name, type, level);
      this.code.push(...code);
      this.sequence(
        childrenOf(arg)
          .slice(3)
          .filter(({ token }) => token !== "LIMIT"),
      );
      return;
    }
    if (arg.type === "block" && !isList) {
      if (arg.token !== undefined) this.code.push(push(quote(arg.token)));
      this.sequence(children, level);
      return;
    }
    const { multiple } = children.at(-1) ?? {};
    const name = arg.type === "block" && multiple && isCount(children[0], children[1]) ? parameterName(children[1]) : parameterName(arg);
    const { type, code } = encode(arg, name);
    this.parameter(name, type, level);
    this.code.push(...code);
    if (arg.type === "oneof") this.noteParameter(arg, name, type);
  }

  private optional(arg: Argument, level: number, isLast: boolean): void {
    const hasNoOptions = this.optionKeys.length + this.optionTypes.length === 0;
    if (isLast && hasNoOptions && arg.token === undefined) {
      if (isSimple(arg) || isAnyWord(arg) || (arg.multiple && arg.type === "oneof")) {
        const own = this.nextLevel(arg);
        const name = parameterName(arg);
        const { type, code } = encode({ ...arg, optional: false }, name);
        this.parameter(name, type, own);
        this.code.push(...when(`${name} !== undefined`, code));
        if (arg.type === "oneof") this.noteParameter(arg, name, type);
        return;
      }
      const needed = childrenOf(arg).filter((child) => !child.optional);
      if (arg.type === "block" && !isFlat(arg) && needed.length > 0 && isSimple(needed[0]) && needed[0].token === undefined) {
        this.group(arg, needed);
        return;
      }
    }
    this.optionsLevel = Math.max(this.optionsLevel, level);
    const { isKey, type, code } = optionOf(arg, "options");
    (isKey ? this.optionKeys : this.optionTypes).push(type);
    this.code.push(...when("options !== undefined", code));
    this.optionConditions(arg);
  }

  /** A block that may be left out, as parameters. */
  private group(arg: Argument, needed: readonly Argument[]): void {
    const level = this.nextLevel(arg);
    const outer = this.code;
    this.code = [];
    this.sequence(childrenOf(arg), level);
    const test = needed.map((child) => `${parameterName(child)} !== undefined`).join(" && ");
    this.code = [...outer, ...when(test, this.merged())];
  }

  private nextLevel(arg: Argument): number {
    this.levels++;
    for (const { name } of [arg, ...(arg.type === "block" ? childrenOf(arg) : [])]) this.levelOf.set(name, this.levels);
    return this.levels;
  }

  private parameter(name: string, type: string, level: number): void {
    const isPairs = type.startsWith("Pairs<");
    if (isPairs) this.pairs = type;
    this.parameters.push({ name, type: isPairs ? "D" : type, level });
  }

  /** What tokens, and names of alternatives, mean as conditions of replies. */
  private optionConditions(arg: Argument): void {
    const key = keyOf(arg);
    const add = (name: string, holds: string, fails: string, test: string): void => {
      this.conditions.set(name, { holds, fails, test });
    };
    if (isTrim(arg)) return;
    if (arg.type === "pure-token") {
      add(arg.token ?? "", `{ ${key}: true }`, `{ ${key}?: false | undefined }`, `options?.${key}`);
      this.optionNames.set(arg.token ?? "", key);
    } else if (arg.type === "oneof" && arg.token === undefined) {
      const keys = childrenOf(arg).map((one) => ({ key: keyOf(one), type: one.type === "pure-token" ? "true" : simpleType(one) }));
      const fails = keys.map((one) => `${one.key}?: ${one.type === "true" ? "false | " : ""}undefined`).join("; ");
      const test = keys.map((one) => `options?.${one.key} !== undefined`).join(" || ");
      add(arg.name, `(${keys.map((one) => `{ ${one.key}: ${one.type} }`).join(" | ")})`, `{ ${fails} }`, test);
    } else if (isFlat(arg)) {
      for (const child of childrenOf(arg)) this.optionConditions(child);
    } else {
      const test = `options?.${key} !== undefined`;
      const condition = [`{ ${key}: ${encode({ ...arg, optional: false }, key).type} }`, `{ ${key}?: undefined }`, test] as const;
      add(arg.token ?? arg.name, ...condition);
    }
  }

  /** What of a parameter may be one of several: ACL LOG count or RESET, CLIENT KILL address or filters. */
  private noteParameter(arg: Argument, parameter: string, type: string): void {
    for (const one of childrenOf(arg)) {
      const holds = one.type === "pure-token" ? quote(one.token ?? "") : one.multiple ? encode({ ...one, optional: false }, "").type : null;
      if (holds === null || !type.includes(holds) || type === holds) continue;
      const fails = type.replace(holds, "").replace(/^ \| | \| $/g, "");
      const test = one.type === "pure-token" ? `${parameter} === ${holds}` : `!isWord(${parameter})`;
      this.parameterConditions.set(one.token ?? one.name, { parameter, holds, fails, test });
    }
  }

  /** Code with checks of the options joined where they follow one another. */
  private merged(): string[] {
    const lines: string[] = [];
    for (const line of joined(this.code)) lines.push(line);
    return joinChecks(lines);
  }

  private comment(): string[] {
    const { summary, deprecatedSince, replacedBy, since } = this.spec;
    const text = `${summary} Since ${since}.`;
    if (deprecatedSince === null) return [`/** ${text} */`];
    const instead = (replacedBy ?? "").replace(/`/g, "");
    return ["/**", ` * ${text}`, ` *`, ` * @deprecated since ${deprecatedSince}${instead === "" ? "" : `: ${instead}`}`, " */"];
  }

  private signatures(name: string, optionsType: string | null): string[] {
    const cases = this.cases();
    const signatures = this.signaturesOf(cases, optionsType);
    const head = ({ parameters, shapes, byOptions = false }: Signature): string => {
      const variables = [
        ...(this.pairs === null ? [] : [`D extends ${this.pairs.replace(/>$/, ", D>")}`]),
        ...(byOptions ? [`O extends ${optionsType}`] : []),
      ];
      const type = replyType(shapes, byOptions ? (condition) => this.optionNames.get(condition) ?? "" : null);
      return `${name}${variables.length === 0 ? "" : `<${variables.join(", ")}>`}(${parameters}): Answer<M, ${type}>`;
    };
    const whole = this.parameterList(this.levels, optionsType, true).replace(/: D\b/, ": object");
    const body = this.body(cases);
    if (signatures.length === 1) return [`${head(signatures[0])} {`, ...body.map((line) => `  ${line}`), "}"];
    return [
      ...signatures.map((signature) => `${head(signature)};`),
      `${name}(${whole}): Answer<M, unknown> {`,
      ...body.map((line) => `  ${line}`),
      "}",
    ];
  }

  private cases(): readonly ReplyCase[] {
    const cases = this.spec.replies?.cases ?? [{ when: [], shape: { kind: "scalar", type: "any" } }];
    // Null is what a COUNT of 0 brings: an array all the same.
    return this.isRange ? cases.slice(0, 1) : cases;
  }

  private get isRange(): boolean {
    return /^X(REV)?RANGE$/.test(this.path[0]);
  }

  private converterOf(shape: Shape): string | null {
    const converter = this.definitions.converter(shape, (condition) => this.testOf(condition));
    return this.isRange ? `orEmpty(${converter})` : converter;
  }

  private signaturesOf(cases: readonly ReplyCase[], optionsType: string | null): Signature[] {
    const [base, ...special] = cases;
    const signatures: Signature[] = [];
    const hasGroups = this.parameters.some(({ level }, at) => level > 0 && this.parameters[at + 1]?.level === level);
    const dependsOnLevel = special.some(({ when: names }) => names.some((name) => this.levelOf.has(name)));
    const splits = hasGroups || dependsOnLevel || (optionsType !== null && this.optionsLevel > 0);
    for (let level = splits ? 0 : this.levels; level <= this.levels; level++) {
      const present = special.filter(({ when: names }) => names.some((name) => (this.levelOf.get(name) ?? level + 1) <= level));
      const shape = present.at(-1)?.shape ?? base.shape;
      const byParameter = special.find(({ when: names }) => names.some((name) => this.parameterConditions.has(name)));
      if (byParameter !== undefined) signatures.push(...this.byParameter(byParameter, shape, level));
      else if (optionsType === null || level < this.optionsLevel) {
        signatures.push({ parameters: this.parameterList(level, null, !splits), shapes: [shape] });
      } else signatures.push(...this.byOptions(special, shape, optionsType, this.parameterList(level, null, !splits)));
    }
    // Where the number of arguments is not known before the program runs.
    if (dependsOnLevel && !hasGroups && this.levels === 1 && optionsType === null) {
      signatures.push({ parameters: this.parameterList(1, null, true), shapes: cases.map(({ shape }) => shape) });
    }
    return signatures;
  }

  private byOptions(special: readonly ReplyCase[], shape: Shape, optionsType: string, list: string): Signature[] {
    const conditional = special.flatMap(({ when: names, shape: special }) => {
      const conditions = names.flatMap((name) => this.conditions.get(name) ?? []);
      return conditions.length === 0 ? [] : [{ conditions, shape: special }];
    });
    if (conditional.length === 0) return [{ parameters: `${list}, options?: ${optionsType}`.replace(/^, /, ""), shapes: [shape] }];
    const before = list === "" ? "" : `${list}, `;
    const signatures: Signature[] = conditional.toReversed().map(({ conditions, shape }) => {
      const byOptions = conditionalParts(shape).length > 0;
      const type = byOptions ? `Exactly<O, ${optionsType}>` : optionsType;
      return { parameters: `${before}options: ${type} & ${anyOf(conditions.map(({ holds }) => holds))}`, shapes: [shape], byOptions };
    });
    const none = conditional.flatMap(({ conditions }) => conditions.map(({ fails }) => fails)).join(" & ");
    signatures.push({ parameters: `${before}options?: ${optionsType} & ${none}`, shapes: [shape] });
    signatures.push({ parameters: `${before}options?: ${optionsType}`, shapes: [shape, ...conditional.map((one) => one.shape)] });
    return signatures;
  }

  private byParameter({ when: names, shape }: ReplyCase, other: Shape, level: number): Signature[] {
    const condition = names.map((name) => this.parameterConditions.get(name)).find((one) => one !== undefined);
    if (condition === undefined) return [];
    const { parameter, holds, fails } = condition;
    return [
      { parameters: this.parameterList(level, null, false, { [parameter]: holds }), shapes: [shape] },
      { parameters: this.parameterList(level, null, true, { [parameter]: fails }), shapes: [other] },
      { parameters: this.parameterList(level, null, true), shapes: [other, shape] },
    ];
  }

  /** Up to a level; those of levels optional, if `marks`. */
  private parameterList(
    level: number,
    optionsType: string | null,
    marks: boolean,
    replaced: Readonly<Record<string, string>> = {},
  ): string {
    const listed = this.parameters.filter((parameter) => parameter.level <= level);
    const texts = listed.map(({ name, type, level: own }) => `${name}${own > 0 && marks ? "?" : ""}: ${replaced[name] ?? type}`);
    if (optionsType !== null) texts.push(`options?: ${optionsType}`);
    return texts.join(", ");
  }

  private body(cases: readonly ReplyCase[]): string[] {
    const path = this.path.map(quote);
    const code = joined([push(...path), ...this.code]);
    const whole = code.some((line) => line.includes("options."))
      ? [code[0], "if (options !== undefined) check(options);", ...code.slice(1)]
      : code;
    const [first, ...others] = joinChecks(whole);
    const request = `[${first.slice("words.push(".length, -2)}]`;
    const converters = cases.map(({ shape }) => this.converterOf(shape));
    const varies = converters.some((converter) => converter !== converters[0]);
    const convert = varies ? "convert" : converters[0];
    const isBlocking = this.spec.flags.includes("blocking");
    const run = (words: string): string[] => {
      const args = convert === null ? words : `${words}, ${convert}`;
      if (!isBlocking) return [`return this.run(${args});`];
      const may = this.optionKeys.some((key) => key.startsWith("block?"));
      return [...(may ? [`if (options?.block === undefined) return this.run(${args});`] : []), `return this.runBlocking(${args});`];
    };
    const choice = varies ? this.choice(cases, converters) : [];
    const most = this.parameters.length + (this.optionKeys.length + this.optionTypes.length > 0 ? 1 : 0);
    const count = `if (arguments.length > ${most}) throw tooMany(${quote(this.path.join(" "))}, arguments.length, ${most});`;
    if (others.length === 0) return [count, ...choice, ...run(request)];
    return [count, `const words: Word[] = ${request};`, ...others, ...choice, ...run("words")];
  }

  private choice(cases: readonly ReplyCase[], converters: readonly (string | null)[]): string[] {
    const lines = [`let convert: Convert | undefined${converters[0] === null ? "" : ` = ${converters[0]}`};`];
    cases.slice(1).forEach(({ when: names }, at) => {
      const tests = names.map((name) => this.testOf(name));
      lines.push(`if (${tests.join(" || ")}) convert = ${converters[at + 1] ?? "undefined"};`);
    });
    return lines;
  }

  /** Returns an expression that says whether a condition of a reply holds. */
  private testOf(name: string): string {
    const test = this.conditions.get(name)?.test ?? this.parameterConditions.get(name)?.test;
    if (test !== undefined) return test;
    const level = this.levelOf.get(name);
    const parameter = this.parameters.find((one) => one.level === level);
    if (parameter === undefined) throw new Error(`${this.path.join(" ")}: what "if ${name}" means is not known`);
    return `${parameter.name} !== undefined`;
  }
}

/** Puts what checks the keys of objects in the place of `check(object);`: the keys are those that the code asks for. */
class Checks {
  readonly tables: string[] = [];
  readonly lines: readonly string[];

  constructor(path: readonly string[], lines: readonly string[]) {
    const text = lines.join("\n");
    this.lines = lines.map((line) =>
      line.replace(/\bcheck\(([\w.]+)\);/, (_, object: string) => {
        const asked = [...text.matchAll(new RegExp(`(?<![\\w.])${object.replaceAll(".", "\\.")}\\??\\.(\\w+)`, "g"))].map(([, key]) => key);
        const within = object.replace(/^options\.?|^item\b/, "");
        const table = [...path, ...within.split("."), "options"]
          .filter((word) => word !== "")
          .map(constantCase)
          .join("_");
        const of = `${path.join(" ")}${within === "" ? "" : `: ${within}`}`;
        const keys = [...new Set(asked)].filter((key) => key !== "split").map((key) => `${key}: true`);
        this.tables.push(`const ${table} = knownOptions(${quote(of)}, { ${keys.join(", ")} });`);
        return `requireKnown(${object}, ${table});`;
      }),
    );
  }
}

function constantCase(name: string): string {
  return name
    .replace(/[A-Z]+/g, (letters, at: number) => (at > 0 && /[a-z]/.test(name[at - 1]) ? `_${letters}` : letters))
    .replace(/[-.]/g, "_")
    .toUpperCase();
}

function anyOf(types: readonly string[]): string {
  return types.length === 1 ? types[0] : `(${types.join(" | ")})`;
}

/** `if (a) x` behind `if (a) y` become one. */
function joinChecks(lines: readonly string[]): string[] {
  const groups: { test: string; code: string[] }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const [, test = "", rest = ""] = /^if \((options !== undefined)\) (.*)$/.exec(line) ?? [];
    const code = [rest];
    if (rest === "{") {
      code.pop();
      for (at++; lines[at] !== "}"; at++) code.push(lines[at].slice(2));
    }
    const last = groups.at(-1);
    if (test !== "" && last?.test === test) last.code.push(...code);
    else groups.push(test === "" ? { test, code: [line] } : { test, code });
  }
  return groups.flatMap(({ test, code }) => (test === "" ? code : when(test, code)));
}
