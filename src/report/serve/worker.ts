/** The thread that serves the page of a training: the training's own thread is not kept from its steps. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromServer, ServerSetup, ToServer } from './messages.js';
import { Dashboard } from './server.js';

const { root, name, version, port } = workerData as ServerSetup;
const tell = (message: FromServer): void => parentPort?.postMessage(message);
const dashboard = new Dashboard({ root, version, port, onStop: () => tell({ kind: 'stop' }) });

parentPort?.on('message', (message: ToServer) => {
  if (message.kind === 'status') dashboard.status(message.status);
  else if (message.kind === 'add') dashboard.add(name, message.more);
  else void dashboard.close().then(() => tell({ kind: 'closed' }));
});

dashboard.start().then(
  (url) => tell({ kind: 'listening', url }),
  (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
);
