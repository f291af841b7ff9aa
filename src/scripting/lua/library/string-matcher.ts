/**
 * Matches Lua's patterns. Choices are kept on a stack of its own, so no pattern is too deep, and steps are counted, so that a match that
 * never ends can be ended. Hot: a step costs a few nanoseconds, for which no character is read behind the end: one such read is enough for
 * the engine to make a slow call of each.
 */

import type { LuaState } from "../state.ts";
import type { LuaValue } from "../value.ts";
import { ANY, MAX_CAPTURES, OP, type Pattern, POSITION, type Step, UNFINISHED } from "./string-patterns.ts";

/** So many steps of matching are told to the state at once. */
const FUEL = 10_000;

/** Kinds of choices on the stack. */
const CHOICE = { retry: 0, greedy: 1, lazy: 2, opened: 3, closed: 4 } as const;
const CHOICE_BITS = 3;
const CHOICE_MASK = 7;
/** Places on the stack that a choice takes: its kind with the number of its step, and two numbers. */
const CHOICE_SIZE = 3;

/** Steps of a pattern for which the stack has room from the start. */
const STEPS = 16;

/** Runs patterns over a subject, and holds what the last match captured. Not to be used for another match while its results are needed. */
export class Matcher {
  private readonly L: LuaState;
  private subject = "";
  private pattern: Pattern | null = null;
  /** Where the last match begins and ends. */
  start = 0;
  end = 0;
  /** Captures, finished or not. */
  level = 0;
  private readonly starts = new Int32Array(MAX_CAPTURES);
  private readonly lengths = new Int32Array(MAX_CAPTURES);
  private stack = new Int32Array(CHOICE_SIZE * STEPS);
  private top = 0;
  /** Where matching goes on after going back. */
  private place = 0;
  private fuel = FUEL;

  constructor(L: LuaState) {
    this.L = L;
  }

  /** What is to be searched, and for what. */
  open(subject: string, pattern: Pattern): void {
    this.subject = subject;
    this.pattern = pattern;
    // A step has one choice at a time.
    const size = CHOICE_SIZE * pattern.steps.length;
    if (this.stack.length < size) this.stack = new Int32Array(size);
  }

  /** Lets go of the subject. */
  close(): void {
    this.subject = "";
    this.pattern = null;
  }

  /** Finds the first match from place `from` (0 is the first) on, at it only if the pattern is anchored. Returns whether there is one. */
  search(from: number): boolean {
    const { subject, pattern } = this;
    if (pattern === null) return false;
    const { lead, isAnchored } = pattern;
    this.level = 0;
    if (isAnchored) return this.matchesAt(pattern, from);
    if (pattern.isLiteral) return this.findText(lead.text, from);
    if (pattern.run !== null) return this.findRun(pattern.run, from);
    for (let place = from; place <= subject.length; place++) {
      place = lead.text !== "" ? subject.indexOf(lead.text, place) : lead.set !== null ? this.skipTo(lead.set, place) : place;
      if (place < 0) return false;
      if (this.matchesAt(pattern, place)) return true;
    }
    return false;
  }

  private matchesAt(pattern: Pattern, place: number): boolean {
    this.level = 0;
    this.start = place;
    this.end = this.match(pattern.steps, place);
    return this.end >= 0;
  }

  private findText(text: string, from: number): boolean {
    this.start = this.subject.indexOf(text, from);
    this.end = this.start + text.length;
    return this.start >= 0;
  }

  private findRun(set: Uint8Array, from: number): boolean {
    this.start = this.skipTo(set, from);
    if (this.start >= 0) this.end = this.expand(set, this.start);
    return this.start >= 0;
  }

  private skipTo(set: Uint8Array, from: number): number {
    const { subject } = this;
    const { length } = subject;
    let place = from;
    while (place < length && set[subject.charCodeAt(place)] === 0) place++;
    this.burn(place - from);
    return place < length ? place : -1;
  }

  /** Counts steps. */
  private burn(count: number): void {
    this.fuel -= count;
    if (this.fuel < 0) this.refuel();
  }

  private refuel(): void {
    const spent = FUEL - this.fuel;
    this.fuel = FUEL;
    this.L.spend(spent);
  }

  /** Matches from `start` on. Returns where the match ends, or -1. */
  private match(steps: readonly Step[], start: number): number {
    const { subject } = this;
    const { length } = subject;
    let place = start;
    let index = 0;
    this.top = 0;
    for (;;) {
      const step = steps[index] as Step;
      let failed = false;
      if (--this.fuel < 0) this.refuel();
      switch (step.op) {
        case OP.end:
          return place;
        case OP.character:
          failed = place >= length || subject.charCodeAt(place) !== step.value;
          place++;
          break;
        case OP.set:
          failed = place >= length || step.set[subject.charCodeAt(place)] === 0;
          place++;
          break;
        case OP.optional:
          if (place < length && step.set[subject.charCodeAt(place)] === 1) this.choose(CHOICE.retry, index, place++, 0);
          break;
        case OP.run: {
          const least = place + step.value;
          place = this.expand(step.set, place);
          failed = place < least;
          break;
        }
        case OP.greedy:
          // The choice begins one too far: taking it steps back.
          this.choose(CHOICE.greedy, index, this.expand(step.set, place) + 1, place + step.value);
          failed = true;
          break;
        case OP.lazy:
          place = this.lazily(step, place);
          failed = place < 0;
          if (!failed) this.choose(CHOICE.lazy, index, place, 0);
          break;
        case OP.open:
          this.openCapture(place, step.value);
          this.choose(CHOICE.opened, index, 0, 0);
          break;
        case OP.close:
          this.choose(CHOICE.closed, index, this.closeCapture(place), 0);
          break;
        default:
          place = this.matchRest(step, place);
          failed = place < 0;
      }
      if (failed) {
        index = this.goBack(steps);
        if (index < 0) return -1;
        place = this.place;
      }
      index++;
    }
  }

  /** Keeps a choice for when what follows fails: the step that made it, the place that it led to, and the first one that it may lead to. */
  private choose(kind: number, index: number, place: number, least: number): void {
    const { stack, top } = this;
    stack[top] = (index << CHOICE_BITS) | kind;
    stack[top + 1] = place;
    stack[top + 2] = least;
    this.top = top + CHOICE_SIZE;
  }

  /** Goes back to the last choice that has an alternative, which it takes. Returns its step and sets `place`; -1 for none. */
  private goBack(steps: readonly Step[]): number {
    const { stack } = this;
    for (let top = this.top; top > 0; top -= CHOICE_SIZE) {
      const choice = stack[top - CHOICE_SIZE] as number;
      const before = stack[top - CHOICE_SIZE + 1] as number;
      const index = choice >> CHOICE_BITS;
      let place = -1;
      switch (choice & CHOICE_MASK) {
        case CHOICE.greedy:
          place = this.stepBack(steps[index] as Step, stack[top - 1] as number, before);
          break;
        case CHOICE.lazy:
          place = this.stepOn(steps[index] as Step, before);
          break;
        case CHOICE.retry:
          this.top = top - CHOICE_SIZE;
          this.place = before;
          return index;
        case CHOICE.opened:
          this.level--;
          break;
        default:
          this.lengths[before] = UNFINISHED;
      }
      if (place >= 0) {
        stack[top - CHOICE_SIZE + 1] = place;
        this.top = top;
        this.place = place;
        return index;
      }
    }
    return -1;
  }

  /** How far characters of `set` go from `start` on. */
  private expand(set: Uint8Array, start: number): number {
    const { subject } = this;
    const { length } = subject;
    if (set === ANY) return length;
    let place = start;
    while (place < length && set[subject.charCodeAt(place)] === 1) place++;
    this.burn(place - start);
    return place;
  }

  /** The next shorter repetition that may lead to a match: one that ends before `place` and at `least` or behind it; -1 for none. */
  private stepBack(step: Step, least: number, place: number): number {
    const { subject } = this;
    const { follower } = step;
    let before = place - 1;
    if (follower >= 0) {
      if (before === subject.length) before--;
      while (before >= least && subject.charCodeAt(before) !== follower) before--;
      this.burn(place - before);
    }
    return before >= least ? before : -1;
  }

  /** The next longer repetition that may lead to a match; -1 for none. */
  private stepOn(step: Step, place: number): number {
    const { subject } = this;
    if (place >= subject.length || step.set[subject.charCodeAt(place)] === 0) return -1;
    return this.lazily(step, place + 1);
  }

  /** The shortest repetition from `start` on behind which the character stands that must follow; -1 for none. */
  private lazily(step: Step, start: number): number {
    const { subject } = this;
    const { length } = subject;
    const { follower, set } = step;
    if (follower < 0) return start;
    if (set === ANY) return this.skipToCharacter(follower, start);
    let place = start;
    while (place < length && subject.charCodeAt(place) !== follower && set[subject.charCodeAt(place)] === 1) place++;
    this.burn(place - start);
    return place < length && subject.charCodeAt(place) === follower ? place : -1;
  }

  private skipToCharacter(code: number, start: number): number {
    const place = this.subject.indexOf(String.fromCharCode(code), start);
    this.burn((place < 0 ? this.subject.length : place) - start);
    return place;
  }

  private openCapture(place: number, what: number): void {
    if (this.level >= MAX_CAPTURES) throw this.L.error("too many captures");
    this.starts[this.level] = place;
    this.lengths[this.level++] = what;
  }

  private closeCapture(place: number): number {
    let capture = this.level - 1;
    while (capture >= 0 && this.lengths[capture] !== UNFINISHED) capture--;
    if (capture < 0) throw this.L.error("invalid pattern capture");
    this.lengths[capture] = place - (this.starts[capture] as number);
    return capture;
  }

  /** The steps that are rare. Returns where the match goes on, or -1. */
  private matchRest(step: Step, place: number): number {
    switch (step.op) {
      case OP.reference:
        return this.matchCapture(step.value, place);
      case OP.balance:
        return this.matchBalance(step.text.charCodeAt(0), step.text.charCodeAt(1), place);
      case OP.frontier: {
        const { subject } = this;
        const before = place === 0 ? 0 : subject.charCodeAt(place - 1);
        const here = place < subject.length ? subject.charCodeAt(place) : 0;
        return step.set[before] === 0 && step.set[here] === 1 ? place : -1;
      }
      case OP.atEnd:
        return place === this.subject.length ? place : -1;
      default:
        throw this.L.error(step.text);
    }
  }

  private matchCapture(capture: number, place: number): number {
    const length = capture >= 0 && capture < this.level ? (this.lengths[capture] as number) : UNFINISHED;
    if (length === UNFINISHED) throw this.L.error("invalid capture index");
    if (length === POSITION) return -1;
    const start = this.starts[capture] as number;
    this.burn(length);
    return this.subject.startsWith(this.subject.slice(start, start + length), place) ? place + length : -1;
  }

  private matchBalance(opening: number, closing: number, start: number): number {
    const { subject } = this;
    if (start >= subject.length || subject.charCodeAt(start) !== opening) return -1;
    let depth = 1;
    let place = start + 1;
    for (; place < subject.length; place++) {
      const code = subject.charCodeAt(place);
      if (code === closing) {
        if (--depth === 0) break;
      } else if (code === opening) depth++;
    }
    this.burn(place - start);
    return place < subject.length ? place + 1 : -1;
  }

  /** All of the last match. */
  whole(): string {
    return this.subject.slice(this.start, this.end);
  }

  /** Capture `index` (from 0) of the last match; without any captures, 0 is all of it. */
  capture(index: number): string | number {
    if (index >= this.level) {
      if (index === 0) return this.whole();
      throw this.L.error("invalid capture index");
    }
    const start = this.starts[index] as number;
    const length = this.lengths[index] as number;
    if (length === UNFINISHED) throw this.L.error("unfinished capture");
    return length === POSITION ? start + 1 : this.subject.slice(start, start + length);
  }

  /** Appends all captures to `values`. */
  captures(values: LuaValue[]): LuaValue[] {
    for (let index = 0; index < this.level; index++) values.push(this.capture(index));
    return values;
  }
}
