// Starts the service: one process, or a primary and SERVER_CPUS workers.

import cluster from 'node:cluster';

import { checkQuotes } from './quotes.js';
import { openService, serve } from './service.js';
import { poolShare, readSettings, WrongSetting } from './settings.js';
import { allListening, runWorkers, workerNumber } from './workers.js';

try {
  const settings = readSettings(process.env);
  if (cluster.isPrimary && settings.serverCpus > 1) {
    // Checked before any worker starts, so that what is wrong is said once.
    checkQuotes(settings);
    if (settings.metrics === 'full') {
      const { collectForWorkers } = await import('./metrics.js');
      collectForWorkers();
    }
    runWorkers(settings);
  } else {
    const service = await openService(settings, poolShare(settings, workerNumber()));
    await serve(service, settings, cluster.isWorker ? allListening() : undefined);
  }
} catch (error) {
  if (!(error instanceof WrongSetting) && error.code !== 'EADDRINUSE') {
    throw error;
  }
  console.error(`node-express: ${error.message}`);
  process.exit(1);
}
