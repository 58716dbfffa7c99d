import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';

test('a Worker that starts convoy is told where to start it', async (t) => {
  const index = new URL('../../src/index.js', import.meta.url).href;
  const code = `
    import('${index}')
      .then(({ Trainer }) => new Trainer({ config: { dataset: 'shapes', limit: 16, epochs: 1 } }).train())
      .then(() => 'trained', ({ code, message }) => code + ': ' + message)
      .then((text) => require('node:worker_threads').parentPort.postMessage(text));`;
  const worker = new Worker(code, { eval: true });
  const [said] = (await once(worker, 'message')) as [string];
  await worker.terminate();
  t.regex(said, /^CONVOY_NATIVE: .*start convoy on the main thread, or in a process of its own .*, not in a Worker$/);
});
