/** The facts in COMMAND's replies, without the sentences, in a form that two servers can be compared by. */
import { type Aggregate, type Decoded, itemsOf, mapOf, textOf } from "../support/decode.ts";

const INFO_FIELDS = ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "specs"] as const;

/** The marks matter: a set of RESP3 is no array. */
function markOf(value: Decoded): string {
  return typeof value === "string" ? value[0] : value.mark;
}

function marked(value: Decoded | undefined): unknown {
  return value === undefined || typeof value === "string" ? value : [value.mark, ...value.items.map(marked)];
}

function aggregate(value: Decoded | undefined): Aggregate {
  if (value === undefined || typeof value === "string") throw new Error("not an aggregate");
  return value;
}

/** The one command of a COMMAND INFO reply; of subcommands only those in `known` count, whatever their order. */
export function describeInfo(reply: Decoded, known: readonly string[]): Record<string, unknown> {
  const [fields] = itemsOf(reply);
  const items = itemsOf(fields);
  const facts: Record<string, unknown> = { fields: items.length };
  for (const [index, field] of INFO_FIELDS.entries()) {
    facts[field] =
      field === "specs" ? aggregate(items[index]).items.map(describeSpec) : field === "flags" ? listed(items[index]) : plain(items[index]);
    facts[`${field} form`] = markOf(items[index]);
  }
  const subcommands = itemsOf(items[9]).map((item) => textOf(itemsOf(item)[0]));
  facts.subcommands = subcommands.filter((name) => known.includes(name)).sort();
  facts["subcommands form"] = markOf(items[9]);
  return facts;
}

function plain(value: Decoded): unknown {
  return typeof value === "string" ? value : value.items.map(plain);
}

function listed(value: Decoded): unknown {
  return itemsOf(value);
}

/** A key specification without its notes, which only need be there. */
function describeSpec(spec: Decoded): unknown {
  const fields = mapOf(spec);
  return [markOf(spec), ...[...fields].map(([name, value]) => [name, name === "notes" ? "some" : marked(value)])];
}

/** The facts of one command of a COMMAND DOCS reply. */
export function describeDocs(reply: Decoded, name: string, known: readonly string[]): Record<string, unknown> {
  const fields = mapOf(mapOf(reply).get(name));
  const facts: Record<string, unknown> = { form: markOf(mapOf(reply).get(name) ?? "?") };
  for (const [field, value] of fields) {
    if (field === "arguments") facts[field] = describeArguments(value);
    else if (field === "history") facts[field] = [markOf(value), ...itemsOf(value).map((entry) => itemsOf(entry)[0])];
    else if (field === "doc_flags") facts[field] = itemsOf(value);
    else if (field === "subcommands")
      facts[field] = [markOf(value), ...[...mapOf(value).keys()].filter((name) => known.includes(name)).sort()];
    else if (field === "complexity")
      continue; // a sentence, and in Redis some commands have none
    else if (field === "since" || field === "group" || field === "deprecated_since") facts[field] = value;
    else facts[field] = "some";
  }
  return facts;
}

/** Arguments without what 7.2 renamed in most of them: their names, `display_text`, and the case of tokens. */
function describeArguments(args: Decoded): unknown {
  return [
    markOf(args),
    ...itemsOf(args).map((arg) => {
      const { name: _name, display_text: _text, token, arguments: parts, ...rest } = Object.fromEntries(mapOf(arg));
      return {
        form: markOf(arg),
        token: token === undefined ? null : textOf(token).toUpperCase(),
        parts: parts === undefined ? null : describeArguments(parts),
        ...Object.fromEntries(Object.entries(rest).map(([field, value]) => [field, marked(value)])),
      };
    }),
  ];
}
