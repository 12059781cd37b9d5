// What runs in the thread for computations (see service.js): Piscina calls it with what a request asks for.

import { fib } from './work.js';

/** Return a Fibonacci number and how long it took; rounded to microseconds, which never needs an exponent. */
export default function compute(n) {
  const started = performance.now();
  const result = fib(n);
  return { result, elapsedMs: Math.round((performance.now() - started) * 1000) / 1000 };
}
