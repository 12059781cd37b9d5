// SERVER_CPUS processes behind one port, by Node's cluster module: the usual way to use more than one core.

import cluster from 'node:cluster';

// Processes end by themselves before that; less than the contract's 5 s.
const END_WITHIN_MS = 4500;

/** In the primary: keep SERVER_CPUS workers running until a signal ends them. */
export function runWorkers({ serverCpus }) {
  // Connections are dealt out in turn. A shared socket would give most of them to whoever wakes first.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const numbers = new Map();
  const listening = new Set();
  let ending = false;

  const fork = (number) => numbers.set(cluster.fork({ WORKER: String(number) }).id, number);
  const end = (status) => {
    if (ending) {
      return;
    }
    ending = true;
    process.exitCode = status;
    for (const worker of Object.values(cluster.workers)) {
      worker.process.kill('SIGTERM');
      setTimeout(() => worker.process.kill('SIGKILL'), END_WITHIN_MS).unref();
    }
  };

  cluster.on('listening', (worker) => {
    listening.add(numbers.get(worker.id));
    if (listening.size === serverCpus) {
      for (const waiting of Object.values(cluster.workers)) {
        waiting.send({ open: true });
      }
    }
  });
  cluster.on('exit', (worker) => {
    const number = numbers.get(worker.id);
    numbers.delete(worker.id);
    if (!listening.has(number)) {
      // It said why; another one would fail the same way.
      end(1);
    } else if (!ending) {
      console.error(`process ${number} died and is replaced`);
      fork(number);
    }
  });
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));

  for (let number = 1; number <= serverCpus; number += 1) {
    fork(number);
  }
}

/** In a worker: its number, counted from 1. */
export function workerNumber() {
  return cluster.isWorker ? Number(process.env.WORKER) : 1;
}

/** In a worker: wait until all listen. Those who are answered before would all be the first one's connections. */
export async function allListening() {
  await new Promise((resolve) => {
    process.on('message', ({ open }) => open && resolve());
  });
}
