// One computation; in its thread, Piscina calls what this file exports (see computing.js).

import { fib } from './work.js';

/** Return a Fibonacci number and how long it took; rounded to microseconds, which never needs an exponent. */
export default function compute(n) {
  const started = performance.now();
  const result = fib(n);
  return { result, elapsedMs: Math.round((performance.now() - started) * 1000) / 1000 };
}
