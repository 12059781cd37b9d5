// The application in Fastify: its limits, its errors, and the routes.

import Fastify from 'fastify';

import { routes } from './routes.js';

// Connections are kept open through any pause; how many requests one carries has no limit in Node and Fastify.
const KEEP_ALIVE_MS = 310_000;
// A request that has not arrived whole by then is given up, so that half-sent ones don't pile up.
const REQUEST_MS = 60_000;

/** Build the application, ready to listen; metrics is undefined where nothing is counted. */
export async function createApp({ metrics, ...parts }) {
  const app = Fastify({
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: REQUEST_MS },
    frameworkErrors: errorAsJson,
  });
  // No route reads a body, so none is wrong: a POST is the wrong method, not the wrong media type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler(errorAsJson);
  app.setNotFoundHandler((request, reply) => {
    const [url] = request.url.split('?');
    if (app.hasRoute({ method: 'GET', url })) {
      return reply.code(405).header('allow', 'GET, HEAD').send({ error: `expected GET, found ${request.method}` });
    }
    return reply.code(404).send({ error: `nothing at ${url}` });
  });
  if (metrics) {
    await metrics.register(app);
  }
  await app.register(routes, parts);
  await app.ready();
  return app;
}

function errorAsJson(error, _request, reply) {
  const { statusCode = 500 } = error;
  if (statusCode === 500) {
    console.error(error);
  }
  return reply.code(statusCode).send({ error: statusCode === 500 ? 'something went wrong' : error.message });
}
