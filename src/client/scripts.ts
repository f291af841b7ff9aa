/** Scripts in Lua that a program carries with it, typed: sent by their digest, and with their text where the server does not know them. */

import { createHash } from "node:crypto";
import { ReplyError } from "./errors.ts";
import { knownOptions, requireKnown } from "./known-options.ts";
import type { Link, Word } from "./link.ts";

type Tuple<Count extends number, Made extends readonly Word[] = readonly []> = Made["length"] extends Count
  ? Made
  : Tuple<Count, readonly [...Made, Word]>;

/** So many keys. */
export type KeysOf<Count extends number> = number extends Count ? readonly Word[] : Tuple<Count>;

export interface ScriptOptions<Count extends number, Reply> {
  readonly numberOfKeys: Count;
  /** Keys are in KEYS, arguments in ARGV. */
  readonly lua: string;
  /** It writes nothing: EVAL_RO, which replicas run too. */
  readonly readOnly?: boolean;
  /** Makes of the reply what the caller gets; without it the type is taken on trust. */
  readonly reply?: (reply: unknown) => Reply;
}

export class Script<Count extends number, Reply> {
  readonly numberOfKeys: Count;
  readonly lua: string;
  readonly sha1: string;
  private readonly name: string;
  private readonly convert: ((reply: unknown) => Reply) | null;

  constructor(options: ScriptOptions<Count, Reply>) {
    this.numberOfKeys = options.numberOfKeys;
    this.lua = options.lua;
    this.sha1 = createHash("sha1").update(options.lua).digest("hex");
    this.name = options.readOnly ? "_RO" : "";
    this.convert = options.reply ?? null;
  }

  /** The request that runs it whatever the server knows. Errors: TypeError where the number of keys is another. */
  request(keys: readonly Word[], args: readonly Word[]): Word[] {
    return [`EVAL${this.name}`, this.lua, ...this.operands(keys, args)];
  }

  /** Runs it. Errors: ReplyError, LinkError. */
  async send(link: Link, inBytes: boolean, keys: readonly Word[], args: readonly Word[]): Promise<Reply> {
    const operands = this.operands(keys, args);
    try {
      return this.reply(await link.send([`EVALSHA${this.name}`, this.sha1, ...operands], inBytes));
    } catch (error) {
      if (!(error instanceof ReplyError) || error.code !== "NOSCRIPT") throw error;
      return this.reply(await link.send([`EVAL${this.name}`, this.lua, ...operands], inBytes));
    }
  }

  reply(reply: unknown): Reply {
    return this.convert === null ? (reply as Reply) : this.convert(reply);
  }

  private operands(keys: readonly Word[], args: readonly Word[]): Word[] {
    if (keys.length !== this.numberOfKeys) throw new TypeError(`the script has ${this.numberOfKeys} keys, and is given ${keys.length}`);
    return [keys.length, ...keys, ...args];
  }
}

const KNOWN = knownOptions<ScriptOptions<number, unknown>>("defineScript", {
  numberOfKeys: true,
  lua: true,
  readOnly: true,
  reply: true,
});

/** Makes a script, for `client.script(...)`; `Reply`: what it returns. */
export function defineScript<const Count extends number, Reply = unknown>(options: ScriptOptions<Count, Reply>): Script<Count, Reply> {
  requireKnown(options, KNOWN);
  return new Script(options);
}
