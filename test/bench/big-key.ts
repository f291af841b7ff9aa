/** One key of a million elements for the stalls suite: how it grows, changes and shrinks. Requests are made before anything is timed. */
import { encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { ADDING, type CollectionType, fieldName, memberName, scattered } from "./datasets.ts";
import { digits, inBatches, value32 } from "./servers.ts";

/** The name of the key. */
export const BIG = "big";
/** Elements of one command. */
const PER_COMMAND = 100;
/** Commands that are on their way at a time: some tens of KiB, as a busy pipelining client sends. */
const IN_FLIGHT = 16;

/** Requests that are sent at once, and how many replies they have. */
export type Packet = { readonly bytes: Buffer; readonly replies: number };

export type BigKey = {
  readonly type: CollectionType;
  readonly elements: number;
  /** From nothing to all elements, 100 a command. */
  readonly growth: readonly Packet[];
  /** From all elements to nothing: pops of 100 (HDEL of 100 fields, XTRIM by 100: those types have no pop). */
  readonly shrinking: readonly Packet[];
  /** Small changes all over the key that leave its size as it is (a stream grows). */
  readonly updates: readonly Packet[];
};

/** How many different packets of updates there are; they are sent again and again. */
const UPDATE_PACKETS = 500;

/** Makes the requests for a key of `elements` elements. */
export function bigKey(type: CollectionType, elements: number): BigKey {
  const add = ADDING[type];
  const growing = (from: number, to: number): readonly (readonly Word[])[] =>
    type === "stream" ? [...inBatches(to - from, 1, (at) => add(BIG, from + at, from + at + 1, elements))] : [add(BIG, from, to, elements)];
  const changes = Array.from({ length: UPDATE_PACKETS * IN_FLIGHT }, (_, index) => update(type, scattered(index, elements), elements));
  return {
    type,
    elements,
    growth: packets([...inBatches(elements, PER_COMMAND, growing)]),
    shrinking: packets([...inBatches(elements, PER_COMMAND, (from, to) => [shrink(type, from, to, elements)])]),
    updates: packets(changes),
  };
}

/** Each item is what is sent in the place of one command: usually one, of a stream 100 of one entry. */
function packets(items: readonly (readonly (readonly Word[])[])[]): Packet[] {
  return [
    ...inBatches(items.length, IN_FLIGHT, (from, to) => {
      const commands = items.slice(from, to).flat();
      return { bytes: Buffer.concat(commands.map(encodeCommand)), replies: commands.length };
    }),
  ];
}

function shrink(type: CollectionType, from: number, to: number, elements: number): Word[] {
  const count = to - from;
  switch (type) {
    case "hash":
      return ["HDEL", BIG, ...Array.from({ length: count }, (_, at) => fieldName(from + at))];
    case "zset":
      return ["ZPOPMIN", BIG, count];
    case "set":
      return ["SPOP", BIG, count];
    case "list":
      return ["LPOP", BIG, count];
    case "stream":
      return ["XTRIM", BIG, "MAXLEN", elements - to];
  }
}

function update(type: CollectionType, index: number, elements: number): (readonly Word[])[] {
  switch (type) {
    case "hash":
      return [["HSET", BIG, fieldName(index), value32(index + 1)]];
    case "zset":
      return [["ZADD", BIG, index, memberName(elements - 1 - index)]];
    case "set":
      return [
        ["SREM", BIG, memberName(index)],
        ["SADD", BIG, memberName(index)],
      ];
    case "list":
      return [
        ["RPUSH", BIG, value32(index)],
        ["LPOP", BIG],
      ];
    case "stream":
      return [["XADD", BIG, "*", "field", digits(index)]];
  }
}

/** Sends one packet and reads its replies. Throws the first error among them. */
export async function sendPacket(client: RawClient, packet: Packet): Promise<void> {
  client.send(packet.bytes);
  const error = await client.skipReplies(packet.replies);
  if (error !== null) throw new Error(error);
}
