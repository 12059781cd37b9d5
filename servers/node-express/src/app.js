// The routes of the contract in Express.

import { setTimeout as sleep } from 'node:timers/promises';

import express from 'express';

import { BadRequest, HttpError } from './errors.js';
import { originValue, wholeParameter } from './work.js';

/** Build the application; metrics is undefined where nothing is counted. */
export function createApp({ settings, computing, quotes, cache, metrics }) {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  if (metrics) {
    app.use(metrics.middleware());
  }

  app
    .route('/api/health')
    .get((_request, response) => {
      response.type('text/plain').send('ok');
    })
    .all(wrongMethod);

  app
    .route('/api/compute')
    .get(async ({ query }, response) => {
      const n = query.n === undefined ? 40 : wholeParameter('n', query.n, { least: 0, most: 45 });
      const { result, elapsedMs } = await computing(n);
      response.json({ input: n, result, elapsedMs });
    })
    .all(wrongMethod);

  app
    .route('/api/cache')
    .get(async ({ query }, response) => {
      const { key = 'default' } = query;
      if (typeof key !== 'string' || key === '') {
        throw new BadRequest('key: expected a value, found none');
      }
      const cached = await cache.get(key);
      if (cached) {
        response.json({ source: 'cache', value: cached.value, cachedAt: cached.cachedAt });
        return;
      }
      // Requests that miss together each wait and each store: nothing is shared but the cache.
      await sleep(settings.cacheMissMs);
      const entry = { value: originValue(key), cachedAt: new Date().toISOString() };
      await cache.put(key, entry);
      response.json({ source: 'origin', ...entry });
    })
    .all(wrongMethod);

  app
    .route('/api/db')
    .get(async ({ query }, response) => {
      if (query.count === undefined) {
        response.json(await quotes.one());
        return;
      }
      response.json(await quotes.many(wholeParameter('count', query.count, { least: 1, most: 500 })));
    })
    .all(wrongMethod);

  if (metrics) {
    app
      .route('/metrics')
      .get(async (_request, response) => {
        response.type(metrics.contentType).send(await metrics.text());
      })
      .all(wrongMethod);
  }

  app.use(({ path }) => {
    throw new HttpError(404, `nothing at ${path}`);
  });
  app.use(errorAsJson);
  return app;
}

function wrongMethod({ method }, response) {
  response.set('Allow', 'GET, HEAD');
  throw new HttpError(405, `expected GET, found ${method}`);
}

/** Express tells handlers of errors by their four parameters. */
function errorAsJson(error, _request, response, next) {
  const status = error.status ?? 500;
  if (status === 500) {
    console.error(error);
  }
  if (response.headersSent) {
    next(error);
    return;
  }
  response.status(status).json({ error: status === 500 ? 'something went wrong' : error.message });
}
