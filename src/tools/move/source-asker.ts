/** The source asked as a client asks: how far its history is, and what keys are at a place in it. The connection is made again when it breaks. */

import { askPatiently, CompareError, type Words } from "../../compare/endpoint.ts";
import type { RemoteEndpoint } from "../../compare/remote.ts";
import { ErrorReply, type Value } from "../../compare/reply-decoder.ts";
import type { SourceAddress } from "../../follow/address.ts";
import { endpointOf } from "../ends.ts";
import { ToolError } from "../error.ts";
import type { KeyName } from "./stream-units.ts";

/** A key as it was at a place in the history. */
interface KeyThen extends KeyName {
  /** What DUMP gave; null: there was none. */
  readonly payload: Buffer | null;
  /** ms since 1970, 0 for none. */
  readonly expireAt: number;
}

export interface KeysThen {
  /** Bytes of the history up to there. */
  readonly offset: number;
  readonly id: string;
  readonly keys: readonly KeyThen[];
}

export class SourceAsker {
  private readonly address: SourceAddress;
  private endpoint: RemoteEndpoint | null = null;
  private opening: Promise<RemoteEndpoint> | null = null;
  /** Whether it tells when exactly a key expires (Redis 7.0 and later). */
  tellsTimes = true;

  constructor(address: SourceAddress) {
    this.address = address;
  }

  /** Errors: CompareError. */
  async connected(): Promise<RemoteEndpoint> {
    if (this.endpoint !== null) return this.endpoint;
    this.opening ??= this.open().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async open(): Promise<RemoteEndpoint> {
    const endpoint = endpointOf(this.address);
    await endpoint.open();
    this.endpoint = endpoint;
    return endpoint;
  }

  /** Errors: CompareError. */
  async ask(requests: readonly Words[]): Promise<Value[]> {
    const endpoint = await this.connected();
    try {
      return await askPatiently(endpoint, requests);
    } catch (error) {
      endpoint.close();
      if (this.endpoint === endpoint) this.endpoint = null;
      throw error;
    }
  }

  /** How many bytes its history has. Errors: CompareError. */
  async offset(): Promise<number> {
    const [info] = await this.ask([["INFO", "replication"]]);
    return placeOf(info).offset;
  }

  /** Reads keys, all at one place in the history. Errors: CompareError, ToolError. */
  async keysNow(names: readonly KeyName[]): Promise<KeysThen> {
    const requests: Words[] = [["MULTI"]];
    let selected = -1;
    const at: number[] = [];
    for (const { db, key } of names) {
      if (db !== selected) requests.push(["SELECT", db]);
      selected = db;
      at.push(requests.length - 1);
      requests.push(["DUMP", key], [this.tellsTimes ? "PEXPIRETIME" : "PTTL", key]);
    }
    requests.push(["INFO", "replication"], ["TIME"], ["EXEC"]);
    const replies = await this.ask(requests);
    const outcome = replies[replies.length - 1];
    const refusal = replies.find((reply) => reply instanceof ErrorReply);
    if (!Array.isArray(outcome)) {
      const reason = refusal instanceof ErrorReply ? refusal.message : "it did not execute the transaction";
      throw new ToolError(`keys cannot be copied from ${this.address.name}: ${reason}`);
    }
    const { id, offset } = placeOf(outcome[outcome.length - 2]);
    const now = timeOf(outcome[outcome.length - 1]);
    const keys = names.map((name, index): KeyThen => {
      const [dump, time] = outcome.slice(at[index], at[index] + 2);
      if (dump instanceof ErrorReply) throw new ToolError(`keys cannot be copied from ${this.address.name}: ${dump.message}`);
      const told = typeof time === "number" && time > 0 ? time : 0;
      const expireAt = told === 0 || this.tellsTimes ? told : now + told;
      return { ...name, payload: typeof dump === "string" ? Buffer.from(dump, "latin1") : null, expireAt };
    });
    return { id, offset, keys };
  }

  close(): void {
    this.endpoint?.close();
    this.endpoint = null;
  }
}

function placeOf(info: Value): { readonly id: string; readonly offset: number } {
  const text = String(info);
  const replica = /^role:slave/m.test(text);
  const own = /^master_repl_offset:(\d+)/m.exec(text)?.[1];
  const offset = (replica ? /^slave_repl_offset:(\d+)/m.exec(text)?.[1] : own) ?? own;
  if (offset === undefined) throw new CompareError("INFO replication tells no offset");
  return { id: /^master_replid:(\w+)/m.exec(text)?.[1] ?? "", offset: Number(offset) };
}

function timeOf(reply: Value): number {
  return Array.isArray(reply) ? Number(reply[0]) * 1000 + Math.floor(Number(reply[1]) / 1000) : Date.now();
}
