import { basename, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ConvoyError } from '../../base/errors.js';
import type { Runtime } from '../../runtime/index.js';
import type { Watcher } from '../../training/index.js';
import { augmentedBatch } from '../gather/augmented.js';
import { networkReport } from '../gather/network.js';
import type { LiveStatus, RunReport } from '../types.js';
import { version } from '../version.js';
import type { FromServer, ServerSetup, ToServer } from './messages.js';

export interface LiveRunOptions {
  /** The run's folder. */
  readonly run: string;
  readonly port?: number | undefined;
  /** Called when somebody presses the button that stops the run. */
  readonly onStop: () => void;
}

/** A page that follows a training. */
export interface LiveRun {
  readonly url: string;
  readonly watcher: Watcher;
  /** Adds to what the page shows, as what `gatherRun` gives after the end. */
  add(more: Partial<RunReport>): void;
  close(): Promise<void>;
}

/** Milliseconds between two messages to the page. */
const tellEvery = 250;

/**
 * Serves the page of a training on 127.0.0.1, from a thread of its own.
 *
 * @throws ConvoyError `CONVOY_OPTION` where the port is taken.
 */
export async function serveLiveRun({ run, port, onStop }: LiveRunOptions): Promise<LiveRun> {
  const root = resolve(run);
  const setup: ServerSetup = { root, name: basename(root), version: version(), port };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup });
  const tell = (message: ToServer): void => worker.postMessage(message);
  const url = await new Promise<string>((answer, reject) => {
    worker.on('message', (message: FromServer) => {
      if (message.kind === 'listening') answer(message.url);
      else if (message.kind === 'failed') reject(new ConvoyError('CONVOY_OPTION', message.message));
      else if (message.kind === 'stop') onStop();
    });
    worker.once('error', reject);
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  worker.unref();
  return {
    url,
    watcher: watcherOf(tell),
    add: (more) => tell({ kind: 'add', more }),
    async close() {
      await worker.terminate();
    },
  };
}

function watcherOf(tell: (message: ToServer) => void): Watcher {
  let told = 0;
  let waited = 0;
  let busy = new Map<number, number>();
  let last: LiveStatus | undefined;
  const state = (now: LiveStatus['state'], error?: string): void => {
    last = { ...(last ?? idle), state: now, ...(error === undefined ? {} : { error }) };
    tell({ kind: 'status', status: last });
  };
  return {
    async onStart(runtime) {
      tell({ kind: 'add', more: await startOf(runtime) });
    },
    onStep({ replies }, times) {
      waited += times.started - times.waited;
      for (const { thread, started, ended } of replies) busy.set(thread, (busy.get(thread) ?? 0) + ended - started);
    },
    onProgress(progress) {
      const now = performance.now();
      const passed = now - told;
      if (passed < tellEvery && progress.done < progress.total) return;
      const load = [...busy].sort(([a], [b]) => a - b).map(([, time]) => Math.min(1, time / passed));
      last = { state: 'training', ...progress, waiting: Math.min(1, waited / passed), load };
      tell({ kind: 'status', status: last });
      told = now;
      waited = 0;
      busy = new Map();
    },
    onEnd: () => state('ended'),
    onFailure: (error) => state('failed', error instanceof Error ? error.message : String(error)),
  };
}

const idle: LiveStatus = {
  ...{ state: 'training', phase: 'training', epoch: 0, epochs: 0, done: 0, total: 0 },
  ...{ loss: 0, accuracy: 0, imagesPerSecond: 0, waiting: 0, load: [] },
};

/** What the files do not hold yet: the network, and the images that training sees. */
async function startOf({ model, datasets, config }: Runtime): Promise<Partial<RunReport>> {
  const augmented = await augmentedBatch(datasets.train, config.seed, config.augment ?? []);
  return {
    network: await networkReport(model),
    looks: {
      ...{
        images: [],
        gradCamLayer: null,
        maps: [],
        activations: [],
        exciting: [],
        projections: [],
        projectedLabels: [],
      },
      augmented,
    },
  };
}
