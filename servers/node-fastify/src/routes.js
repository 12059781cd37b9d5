// The routes of the contract. Each states the form of its answer, from which Fastify compiles its serializer.

import { setTimeout as sleep } from 'node:timers/promises';

import { originValue, wholeParameter } from './work.js';

const text = { type: 'string' };
const quote = {
  type: 'object',
  properties: { id: { type: 'integer' }, author: text, content: text },
};
const quoteList = { type: 'array', items: quote };
const error = { type: 'object', properties: { error: text } };

/** Whole numbers are checked by hand: Ajv would also take "1e1" or " 5" for an integer. */
function answering(response, query = {}) {
  return {
    schema: {
      querystring: { type: 'object', properties: query },
      response: { ...response, '4xx': error, '5xx': error },
    },
  };
}

const computed = answering(
  {
    200: {
      type: 'object',
      properties: { input: { type: 'integer' }, result: { type: 'integer' }, elapsedMs: { type: 'number' } },
    },
  },
  { n: { ...text, default: '40' } },
);
const remembered = answering(
  { 200: { type: 'object', properties: { source: text, value: text, cachedAt: text } } },
  { key: { ...text, minLength: 1, default: 'default' } },
);

/** A plugin with all routes. */
export async function routes(app, { settings, computing, quotes, cache }) {
  app.get('/api/health', (_request, reply) => {
    reply.type('text/plain').send('ok');
  });

  app.get('/api/compute', computed, async ({ query }) => {
    const n = wholeParameter('n', query.n, { least: 0, most: 45 });
    const { result, elapsedMs } = await computing(n);
    return { input: n, result, elapsedMs };
  });

  app.get('/api/cache', remembered, async ({ query: { key } }) => {
    const cached = await cache.get(key);
    if (cached) {
      return { source: 'cache', value: cached.value, cachedAt: cached.cachedAt };
    }
    // Requests that miss together each wait and each store: nothing is shared but the cache.
    await sleep(settings.cacheMissMs);
    const entry = { value: originValue(key), cachedAt: new Date().toISOString() };
    await cache.put(key, entry);
    return { source: 'origin', ...entry };
  });

  app.get('/api/db', answering({}, { count: text }), async ({ query: { count } }, reply) => {
    const found =
      count === undefined
        ? await quotes.one()
        : await quotes.many(wholeParameter('count', count, { least: 1, most: 500 }));
    // Two forms of one answer: as anyOf in one schema, each answer would be validated to find out which it is.
    const serialize = reply.compileSerializationSchema(count === undefined ? quote : quoteList);
    return reply.type('application/json').serializer(serialize).send(found);
  });
}
