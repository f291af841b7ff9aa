/** DIGEST, and deleting a key that has a certain value or digest: DELEX and DELIFEQ. SET's comparisons are in string.ts. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { Type } from "../../values/value-types.ts";
import { meaningOf, wrongCount } from "../arguments/numbers.ts";
import { comparesAs, digestOf } from "./comparison.ts";
import { SetOption } from "./set-options.ts";

const command = commandsOf("string");

const CONDITIONS = { ifeq: SetOption.IFEQ, ifne: SetOption.IFNE, ifdeq: SetOption.IFDEQ, ifdne: SetOption.IFDNE } as const;

const badCondition = commandError("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
const noString = commandError("ERR Key should be of string type if conditions are specified");

export const digest = command("digest", { arity: 2, since: "8.4.0", flags: "readonly fast" })
  .takes("key{RO access}")
  .answers("string | null")
  .docs("Returns the XXH3 hash of the string value of a key in hexadecimal digits.", "O(N) for N bytes")
  .run((call) => {
    const address = call.readString(1);
    if (address === 0) call.reply.null();
    else call.reply.bulk(digestOf(call, address));
  });

export const delex = command("delex", { arity: -2, since: "8.4.0", flags: "write fast" })
  .takes("key{RW delete variable_flags} [condition(IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest)]")
  .answers("0 | 1")
  .docs("Deletes a key, with a condition only if its string value or the digest of that meets it.", "O(1); O(N) for a digest of N bytes")
  .run((call) => {
    if (call.count === 2) return deleteAt(call, call.write(1));
    if (call.count !== 4) throw wrongCount(call);
    const address = call.read(1);
    if (address === 0) return call.reply.integer(0);
    if (call.database.type(address) !== Type.STRING) throw noString;
    const condition = meaningOf(call, 2, CONDITIONS);
    if (condition === undefined) throw badCondition;
    deleteAt(call, comparesAs(call, address, condition, 3) ? address : 0);
  });

export const delifeq = command("delifeq", { arity: 3, since: "9.0.0", flags: "write fast" })
  .takes("key{RM delete} value")
  .answers("0 | 1")
  .docs("Deletes a key if its string value is equal to a value. A command of Valkey's.", "O(1)")
  .run((call) => {
    const address = call.writeString(1);
    deleteAt(call, address !== 0 && comparesAs(call, address, SetOption.IFEQ, 2) ? address : 0);
  });

/** Deletes key 1, just found at `address`, and replies with 1; if that is 0, with 0. */
function deleteAt(call: Call, address: number): void {
  if (address === 0) return call.reply.integer(0);
  call.database.delete(address);
  call.journalAs("DEL", call.bytes(1));
  call.reply.integer(1);
}
