/**
 * Which keys are used most, from a sample of the commands: one in so many on average, at random distances, so that no rhythm of requests is in step
 * with it. Counted in a sketch of bounded size (space-saving, Metwally et al. 2005): a key takes the place, and the count, of the
 * rarest, so that a count is never too low, and too high by no more than is noted with it. Hot while it is on; else nothing of it runs.
 */

import { assert } from "../assert.ts";

/** Places for each key that is shown: the more, the smaller the error. */
const PLACES_PER_KEY = 16;
const LEAST_PLACES = 256;
/** Longer names are not counted: they are not to be kept. */
const LONGEST_NAME = 1024;

/** A key with its count, of which at most `error` may have been other keys'. */
export interface HotKey {
  readonly database: number;
  readonly name: string;
  readonly count: number;
  readonly error: number;
}

interface Place {
  database: number;
  name: string;
  count: number;
  error: number;
  /** Where it is in the heap. */
  index: number;
}

export class HotKeys {
  /** How many keys are shown. */
  readonly shown: number;
  /** One command in so many is looked at. */
  readonly ratio: number;
  /** ms since 1970. */
  readonly startedAt: number;
  stoppedAt = 0;
  /** Commands since the start, and keys counted. */
  commands = 0;
  sampled = 0;
  private readonly most: number;
  private left: number;
  private readonly places = new Map<string, Place>();
  /** The rarest first. */
  private readonly heap: Place[] = [];

  constructor(shown: number, ratio: number, now: number) {
    this.shown = shown;
    this.ratio = ratio;
    this.startedAt = now;
    this.most = Math.max(LEAST_PLACES, shown * PLACES_PER_KEY);
    this.left = this.draw();
  }

  private draw(): number {
    return this.ratio === 1 ? 1 : 1 + Math.floor(Math.random() * (2 * this.ratio - 1));
  }

  /** A command was called. Returns whether its keys are to be counted. Hot. */
  samples(): boolean {
    this.commands++;
    if (--this.left > 0) return false;
    this.left = this.draw();
    return true;
  }

  /** A command that was drawn used this key. */
  add(database: number, bytes: Buffer, from: number, length: number): void {
    if (length > LONGEST_NAME) return;
    this.sampled++;
    const name = bytes.latin1Slice(from, from + length);
    const id = `${database}:${name}`;
    let place = this.places.get(id);
    if (place === undefined && this.heap.length < this.most) {
      place = { database, name, count: 1, error: 0, index: this.heap.length };
      this.places.set(id, place);
      this.heap.push(place);
      this.rise(this.heap.length - 1);
      return;
    }
    if (place === undefined) {
      place = this.heap[0] as Place;
      this.places.delete(`${place.database}:${place.name}`);
      place.error = place.count;
      place.database = database;
      place.name = name;
      this.places.set(id, place);
    }
    assert(this.places.size === this.heap.length, "each place of the sketch has one name");
    place.count++;
    this.sink(place.index);
  }

  private rise(index: number): void {
    const { heap } = this;
    const place = heap[index] as Place;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((heap[parent] as Place).count <= place.count) break;
      this.put(index, heap[parent] as Place);
      index = parent;
    }
    this.put(index, place);
  }

  private sink(index: number): void {
    const { heap } = this;
    const place = heap[index] as Place;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Place).count < (heap[child] as Place).count) child++;
      if ((heap[child] as Place).count >= place.count) break;
      this.put(index, heap[child] as Place);
      index = child;
    }
    this.put(index, place);
  }

  private put(index: number, place: Place): void {
    this.heap[index] = place;
    place.index = index;
  }

  /** The most used keys that `visible` lets through, the most used first. */
  hottest(visible: (name: string) => boolean): readonly HotKey[] {
    return [...this.heap]
      .sort((a, b) => b.count - a.count)
      .filter(({ name }) => visible(name))
      .slice(0, this.shown);
  }
}
