/**
 * Things with a deadline, the earliest first: any number of them, and one alarm. A binary heap in which each knows its place, so that it
 * can leave early.
 */

import { assert } from "../assert.ts";
import { type Alarm, type Clock, systemClock } from "../base/clock.ts";

export interface Timed {
  /** In ms since 1970. */
  readonly deadline: number;
  /** Kept by the `Deadlines` that it is in; -1 while it is in none. */
  place: number;
}

export class Deadlines<T extends Timed> {
  private readonly heap: T[] = [];
  private readonly expired: (item: T) => void;
  private readonly clock: Clock;
  private alarm: Alarm | null = null;
  private alarmAt = Number.POSITIVE_INFINITY;

  /** `expired` is told of each whose deadline is over, between ticks; it has left by then. */
  constructor(expired: (item: T) => void, clock: Clock = systemClock) {
    this.expired = expired;
    this.clock = clock;
  }

  get size(): number {
    return this.heap.length;
  }

  add(item: T): void {
    assert(item.place < 0, "what waits for a deadline waits for one only");
    item.place = this.heap.length;
    this.heap.push(item);
    this.rise(item, item.place);
    this.setAlarm();
  }

  /** Does nothing with one that is not in. The alarm stays: it finds nothing to do then. */
  remove(item: T): void {
    const { heap } = this;
    const { place } = item;
    if (place < 0) return;
    assert(heap[place] === item, "each item knows its place in the heap, or another one would leave");
    item.place = -1;
    const last = heap.pop();
    if (last === undefined || last === item) return;
    heap[place] = last;
    last.place = place;
    this.rise(last, place);
    this.sink(last, last.place);
  }

  stop(): void {
    this.alarm?.cancel();
    this.alarm = null;
    this.alarmAt = Number.POSITIVE_INFINITY;
  }

  private rise(item: T, from: number): void {
    const { heap } = this;
    let place = from;
    while (place > 0) {
      const parent = heap[(place - 1) >> 1];
      if (parent.deadline <= item.deadline) break;
      this.put(parent, place);
      place = (place - 1) >> 1;
    }
    this.put(item, place);
  }

  private sink(item: T, from: number): void {
    const { heap } = this;
    let place = from;
    for (let child = place * 2 + 1; child < heap.length; child = place * 2 + 1) {
      if (child + 1 < heap.length && heap[child + 1].deadline < heap[child].deadline) child++;
      if (item.deadline <= heap[child].deadline) break;
      this.put(heap[child], place);
      place = child;
    }
    this.put(item, place);
  }

  private put(item: T, place: number): void {
    this.heap[place] = item;
    item.place = place;
  }

  private setAlarm(): void {
    if (this.heap.length === 0) return;
    const { deadline } = this.heap[0];
    if (this.alarm !== null && this.alarmAt <= deadline) return;
    this.stop();
    this.alarmAt = deadline;
    this.alarm = this.clock.wake(deadline, () => this.expire());
  }

  /** Tells of every deadline that is over by now: the alarm does. */
  expire(): void {
    this.stop();
    const now = this.clock.now();
    for (let first = this.heap[0]; first !== undefined && first.deadline <= now; first = this.heap[0]) {
      assert(first.place === 0, "the earliest deadline stands first");
      this.remove(first);
      this.expired(first);
    }
    this.setAlarm();
  }
}
