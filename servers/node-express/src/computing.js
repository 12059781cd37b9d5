// Where Fibonacci numbers are computed: short ones here, long ones in a thread.

import { Piscina } from 'piscina';

import compute from './compute.js';

// Below a millisecond, which may hold the event loop. A trip to a thread and back would cost most requests more than
// they take, and a second core.
const SHORT_UP_TO = 25;

/** Return a function that computes. Seconds on the event loop would stop all other requests, and signals, for as long. */
export function openComputing() {
  // One thread: more than one core is used by more processes.
  const thread = new Piscina({ filename: new URL('compute.js', import.meta.url).href, minThreads: 1, maxThreads: 1 });
  return (n) => (n <= SHORT_UP_TO ? compute(n) : thread.run(n));
}
