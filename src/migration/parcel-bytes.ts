/** Parcels made ahead, in a form that can be handed to another thread. */

import type { RdbFamily } from "../rdb/format.ts";
import type { Parcels } from "./exchange.ts";

/** The requests one behind the other, and how long each is. */
interface Packed {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** For a server of each family; what does not differ is there once. */
export interface ParcelBytes {
  readonly redis: Packed;
  readonly valkey: Packed | null;
}

export function packParcels(parcels: Parcels): ParcelBytes {
  return { redis: pack(parcels.open("redis")), valkey: parcels.familiesDiffer ? pack(parcels.open("valkey")) : null };
}

function pack(requests: Iterator<Uint8Array>): Packed {
  const parts: Uint8Array[] = [];
  for (let next = requests.next(); !next.done; next = requests.next()) parts.push(next.value);
  return { bytes: Buffer.concat(parts), lengths: parts.map(({ length }) => length) };
}

export class PackedParcels implements Parcels {
  private readonly packed: ParcelBytes;

  constructor(packed: ParcelBytes) {
    this.packed = packed;
  }

  get familiesDiffer(): boolean {
    return this.packed.valkey !== null;
  }

  *open(family: RdbFamily): Generator<Uint8Array> {
    const { redis, valkey } = this.packed;
    const { bytes, lengths } = family === "valkey" && valkey !== null ? valkey : redis;
    let at = 0;
    for (const length of lengths) {
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
}
