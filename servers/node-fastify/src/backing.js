// How long a request waits for a backing service, and what is said about one that is away.

import { Unavailable } from './errors.js';

/** For a free connection, for connecting, and for an answer: a client has given up before much longer. */
export const BACKING_WAIT_MS = 900;

/** Settle as a promise does, or as unavailable when it takes too long, counted from when the waiting began. */
export async function withinWait(promise, what, began = performance.now()) {
  let timer;
  const late = new Promise((_, reject) => {
    const left = BACKING_WAIT_MS - (performance.now() - began);
    timer = setTimeout(() => reject(new Unavailable(`${what} took too long`)), left);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A number of permits, lent in the order of asking; who waits too long goes without and leaves the queue. */
export class Permits {
  #free;
  #waiting = new Set();

  constructor(count) {
    this.#free = count;
  }

  async acquire() {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise((resolve, reject) => {
      const waiter = { resolve, timer: undefined };
      waiter.timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new Unavailable('no connection got free in time'));
      }, BACKING_WAIT_MS);
      this.#waiting.add(waiter);
    });
  }

  release() {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(first);
    clearTimeout(first.timer);
    first.resolve();
  }
}

/** Tells the operator that a service is away, but not once for every request that finds out. */
export class Complaints {
  #name;
  #silentUntil = 0;

  constructor(name) {
    this.#name = name;
  }

  say(error) {
    const now = performance.now();
    if (now >= this.#silentUntil) {
      this.#silentUntil = now + 10_000;
      console.error(`${this.#name} is unavailable: ${error.message || error.code}`);
    }
  }
}
