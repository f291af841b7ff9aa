/** Builds a stream from its lines of JSON (json-out.ts): entries, facts, groups and their pending entries, in this order. */

import { createStream, type Stream } from "../../values/stream/stream.ts";
import type { StreamGroup } from "../../values/stream/stream-group.ts";
import type { Temporary } from "../../values/temporary.ts";
import type { Json, JsonLine } from "./json-lines.ts";

export class StreamBuilder {
  private readonly draft: Temporary;
  private readonly stream: Stream;
  private group: StreamGroup | null = null;
  private hasFacts = false;

  constructor(draft: Temporary) {
    this.draft = draft;
    this.stream = createStream(draft);
  }

  /** Errors: BrokenSource. */
  take(line: JsonLine): void {
    for (const entry of line.list("entries")) this.entry(line, entry);
    if (line.has("facts")) this.facts(line);
    if (line.has("group")) this.beginGroup(line);
    for (const pending of line.list("pending")) this.pending(line, pending);
  }

  /** Errors: BrokenSource. */
  finish(line: JsonLine): void {
    if (!this.hasFacts) throw line.broken('the stream has no "facts"');
  }

  private entry(line: JsonLine, value: Json): void {
    const { stream, draft } = this;
    if (this.hasFacts) throw line.broken('an entry stands behind the "facts" of the stream');
    const [idText, list] = line.asList(value, "entries");
    const id = line.asId(idText, "entries");
    const words = line.asList(list, "entries").map((word) => line.asBytes(word, "entries"));
    if (words.length === 0 || words.length % 2 === 1) throw line.broken(`entry ${id.toString()} has no pairs of fields and values`);
    if (id.compare(stream.lastId) <= 0) throw line.broken(`entry ${id.toString()} is not above the one before it`);
    const offsets = new Int32Array(words.length);
    const lengths = new Int32Array(words.length);
    let at = 0;
    for (const [index, { length }] of words.entries()) {
      offsets[index] = at;
      lengths[index] = length;
      at += length;
    }
    stream.append(id, { buffer: Buffer.concat(words), offsets, lengths }, 0, words.length / 2, draft.limits);
  }

  private facts(line: JsonLine): void {
    const { stream } = this;
    const facts = line.asObject(line.get("facts"), "facts");
    const lastId = line.asId(facts.lastId, "facts");
    if (lastId.compare(stream.lastId) < 0) throw line.broken('the "lastId" of the stream is below its last entry');
    const maxDeletedId = line.asId(facts.maxDeletedId, "facts");
    const entriesAdded = line.asInteger(facts.entriesAdded, "facts");
    stream.setFacts({ lastId, firstId: stream.firstId, maxDeletedId, entriesAdded });
    this.hasFacts = true;
  }

  private beginGroup(line: JsonLine): void {
    const { stream } = this;
    const group = line.asObject(line.get("group"), "group");
    const name = line.asBytes(group.name, "group").latin1Slice();
    if (stream.groups.get(name) !== undefined) throw line.broken("the group is there already");
    this.group = stream.createGroup(name, line.asId(group.lastId, "group"), line.asInteger(group.entriesRead, "group"));
    for (const value of line.asList(group.consumers, "consumers")) {
      const [consumerName, seen, active] = line.asList(value, "consumers");
      const text = line.asBytes(consumerName, "consumers").latin1Slice();
      if (this.group.consumers.get(text) !== undefined) throw line.broken("the consumer is there already");
      const consumer = this.group.addConsumer(text, line.asNumber(seen, "consumers"));
      consumer.activeTime = line.asNumber(active, "consumers");
    }
  }

  private pending(line: JsonLine, value: Json): void {
    const { group } = this;
    if (group === null) throw line.broken('"pending" stands before a "group"');
    const [idText, time, deliveries, name] = line.asList(value, "pending");
    const id = line.asId(idText, "pending");
    const consumer = group.consumers.get(line.asBytes(name, "pending").latin1Slice());
    if (consumer === undefined) throw line.broken(`${JSON.stringify(name)} is no consumer of the group`);
    if (group.pending.find(id)) throw line.broken(`${id.toString()} is pending already`);
    group.add(id, consumer, line.asNumber(time, "pending"), line.asInteger(deliveries, "pending"));
  }
}
