/** Events a socket may send at once, and per second after that: a page that is used sends a few. */
const BURST = 50;
const PER_SECOND = 20;

/** That many refused in a row are no page. */
const MOST_REFUSED = 200;

/** A token bucket over the events of one socket. Times are milliseconds of a monotonic clock. */
export class EventRate {
  #tokens = BURST;
  #refused = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  take(nowMs: number): 'granted' | 'refused' | 'flooding' {
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#atMs) / 1000) * PER_SECOND);
    this.#atMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#refused = 0;
      return 'granted';
    }
    this.#refused += 1;
    return this.#refused > MOST_REFUSED ? 'flooding' : 'refused';
  }
}
