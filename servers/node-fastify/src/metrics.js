// Prometheus metrics by fastify-metrics, those of all processes together. Loaded with METRICS=full only.

import cluster from 'node:cluster';

import fastifyMetrics from 'fastify-metrics';
import promClient from 'prom-client';

import { Unavailable } from './errors.js';

/** Count and time what is answered, by the pattern of the route, and serve what all processes counted. */
export async function register(app) {
  // Its own route knows one process only. Without a route there is one label for all.
  await app.register(fastifyMetrics.default, { endpoint: null, routeMetrics: { registeredRoutesOnly: false } });
  app.get('/metrics', async (_request, reply) => {
    reply.type(promClient.register.contentType);
    return cluster.isWorker ? askPrimary() : promClient.register.metrics();
  });
}

const asked = new Map();
let questions = 0;

if (cluster.isWorker) {
  // Makes this process answer when the primary collects.
  new promClient.AggregatorRegistry();
  process.on('message', ({ metricsFor, found, error }) => {
    const question = asked.get(metricsFor);
    asked.delete(metricsFor);
    if (error) {
      question?.reject(new Unavailable(error));
    } else {
      question?.resolve(found);
    }
  });
}

/** A scrape reaches one process; only the primary knows the others. */
function askPrimary() {
  return new Promise((resolve, reject) => {
    questions += 1;
    asked.set(questions, { resolve, reject });
    process.send({ askMetrics: questions });
  });
}

/** In the primary: collect from all processes whenever one of them asks. */
export function collectForWorkers() {
  const registry = new promClient.AggregatorRegistry();
  cluster.on('message', async (worker, { askMetrics }) => {
    if (askMetrics === undefined) {
      return;
    }
    // prom-client waits 5 s for a process that does not answer.
    const answer = await registry.clusterMetrics().then(
      (found) => ({ found }),
      (error) => ({ error: error.message }),
    );
    if (worker.isConnected()) {
      worker.send({ metricsFor: askMetrics, ...answer });
    }
  });
}
