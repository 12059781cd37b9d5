// Prometheus metrics by express-prom-bundle, those of all processes together. Loaded with METRICS=full only.

import cluster from 'node:cluster';

import promBundle from 'express-prom-bundle';
import promClient from 'prom-client';

import { Unavailable } from './errors.js';

export const { contentType } = promClient.register;

/** Count and time what is answered, by the pattern of the route: what was asked for would be labels without bound. */
export function middleware() {
  return promBundle({
    autoregister: false,
    includeMethod: true,
    includePath: true,
    includeUp: false,
    normalizePath: ({ route }) => route?.path ?? 'none',
    promClient: { collectDefaultMetrics: {} },
  });
}

/** Return what all processes counted, as Prometheus reads it. */
export function text() {
  return cluster.isWorker ? askPrimary() : promClient.register.metrics();
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
