// One process of the service: it opens what it needs, serves, and ends gracefully.

import { createApp } from './app.js';
import { openCache } from './cache.js';
import { openComputing } from './computing.js';
import { openQuotes } from './quotes.js';

// A burst of connections waits in the kernel's queue; Node's own default is 511.
const BACKLOG = 4096;
const CLOSE_IDLE_EVERY_MS = 50;
// Less than the contract's 5 s; who still computes or sends half a request is cut off.
const END_WITHIN_MS = 3500;

/** Open everything but the port; connections are this process's share of the pool. */
export async function openService(settings, connections) {
  const computing = openComputing();
  const quotes = openQuotes(settings, connections);
  const cache = await openCache(settings);
  const metrics = settings.metrics === 'full' ? await import('./metrics.js') : undefined;
  const app = await createApp({ settings, computing, quotes, cache, metrics });
  return { app, quotes, cache };
}

/** Take connections, answer them once a promise allows it, and end on SIGTERM. Throws when the port is in use. */
export async function serve(service, { bind, port }, allowed) {
  endOnSignal(service);
  if (allowed) {
    holdBack(service.app.server, allowed);
  }
  await service.app.listen({ host: bind, port, backlog: BACKLOG });
}

function holdBack(server, allowed) {
  const [answer] = server.listeners('request');
  const early = [];
  const keep = (...exchange) => early.push(exchange);
  server.off('request', answer).on('request', keep);
  allowed.then(() => {
    server.off('request', keep).on('request', answer);
    early.forEach((exchange) => answer(...exchange));
  });
}

/** Answer what was asked before the signal, then end. Repeated signals, as a process group gets them, change nothing. */
function endOnSignal({ app, quotes, cache }) {
  let ending = false;
  const end = () => {
    if (ending) {
      return;
    }
    ending = true;
    app.close().then(async () => {
      cache.close();
      await quotes.close();
      process.exit(0);
    });
    // close() ends connections that are idle now, but none that become so later.
    setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    setTimeout(() => process.exit(0), END_WITHIN_MS);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
