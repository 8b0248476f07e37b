// Real-time pace without drift: every chunk has its own due time, counted from one origin. A late chunk is
// sent at once and the next is not moved; timers that fire a millisecond late therefore never add up.

export class Pace {
  #origin;
  #clock;
  #elapsed = 0;

  /** @param clock `now()` in milliseconds and `sleep(ms)`. */
  constructor(clock = systemClock) {
    this.#clock = clock;
    this.#origin = clock.now();
  }

  /** Waits until a microphone would have delivered `ms` more milliseconds. */
  async after(ms) {
    this.#elapsed += ms;
    const wait = this.#origin + this.#elapsed - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait);
  }

  /** Begins anew at this moment, after a pause in which nothing was due. */
  restart() {
    this.#origin = this.#clock.now();
    this.#elapsed = 0;
  }
}

export const systemClock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
