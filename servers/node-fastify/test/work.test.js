import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fib, originValue, wholeParameter } from '../src/work.js';

test('Fibonacci numbers follow from the two before', () => {
  assert.deepEqual([0, 1, 2, 3, 7, 20].map(fib), [0, 1, 1, 2, 13, 6765]);
});

test('the value of a key is its FNV-1a hash, five times', () => {
  assert.equal(originValue('default'), 'ebada5168620c5fe'.repeat(5));
  assert.equal(originValue('größe'), 'b7450e1ef58140da'.repeat(5));
});

test('a hash keeps its leading zeros', () => {
  const keys = Array.from({ length: 100 }, (_, number) => String(number));
  assert.ok(keys.some((key) => originValue(key).startsWith('0')));
  assert.ok(keys.every((key) => originValue(key).length === 80));
});

test('a whole number is ASCII digits within its range', () => {
  assert.equal(wholeParameter('n', '007', { least: 0, most: 45 }), 7);
  for (const text of ['', '-1', '+5', '5.0', '1e1', ' 5', '٥', '46', '1'.repeat(25), ['1', '2']]) {
    assert.throws(() => wholeParameter('n', text, { least: 0, most: 45 }), { statusCode: 400 });
  }
});
