/** The directives rdb-key-save-delay and key-load-delay, which make saving and loading slow for tests. */

/** About what the shortest sleep takes, in µs: that is what a negative value makes of Redis, once in so many keys. */
const SHORTEST_SLEEP_MICROS = 50;

/** -> the mean pause after each key in µs that such a directive asks for: so many µs, or when negative the shortest sleep once in so many keys. */
export function meanKeyDelay(directive: number): number {
  return directive < 0 ? SHORTEST_SLEEP_MICROS / -directive : directive;
}
