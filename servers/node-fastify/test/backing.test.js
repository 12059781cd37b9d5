import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BACKING_WAIT_MS, Permits, withinWait } from '../src/backing.js';

test('permits go to who waits longest, and to nobody who gave up', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const permits = new Permits(1);
  await permits.acquire();
  const early = permits.acquire();
  mock.timers.tick(BACKING_WAIT_MS - 1);
  const late = permits.acquire();
  mock.timers.tick(1);

  await assert.rejects(early, { statusCode: 503 });
  permits.release();
  await late;
});

test('an answer that takes too long is unavailable', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const waiting = withinWait(new Promise(() => {}), 'a query');
  mock.timers.tick(BACKING_WAIT_MS);

  await assert.rejects(waiting, { statusCode: 503 });
});
