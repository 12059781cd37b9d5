// What is computed: Fibonacci numbers, the values of the slow origin, and numbers in queries.

import { BadRequest } from './errors.js';

/** Work for the processor: the Fibonacci number of n by naive recursion. V8 neither folds nor remembers calls. */
export function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/** Return what the slow origin holds for a key: the 64 bit FNV-1a hash of its bytes in hexadecimal, five times. */
export function originValue(key) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(key)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x00000100000001b3n);
  }
  return hash.toString(16).padStart(16, '0').repeat(5);
}

/** Return a parameter that is ASCII digits within a range. */
export function wholeParameter(name, text, { least, most }) {
  // A parameter given twice is an array; test would turn it into text.
  if (typeof text !== 'string' || !/^[0-9]{1,9}$/.test(text) || Number(text) < least || Number(text) > most) {
    throw new BadRequest(`${name}: expected a whole number from ${least} to ${most}`);
  }
  return Number(text);
}
