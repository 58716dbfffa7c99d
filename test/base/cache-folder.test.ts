import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { markUsed, trimCache } from '../../src/base/cache-folder.js';
import { compiledGraph } from '../../src/engine/index.js';
import { loadNative } from '../../src/native/index.js';
import { stepSpec } from '../support/engine-run.js';
import { tinyModel } from '../support/tiny.js';

let folder: string;
test.before(async () => {
  await loadNative(); // models are made on its backend
  folder = await mkdtemp(join(tmpdir(), 'convoy-cache-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

const day = 24 * 3600 * 1000;

test('what was not used for longest makes way, but nothing that was used within a day', async (t) => {
  const cache = join(folder, 'entries');
  await mkdir(join(cache, 'oldest'), { recursive: true });
  await writeFile(join(cache, 'oldest', 'graph'), new Uint8Array(400));
  for (const name of ['old', 'touched', 'fresh']) await writeFile(join(cache, name), new Uint8Array(400));
  const now = Date.now();
  const days = { oldest: 9, old: 5, touched: 7, fresh: 0.5 };
  for (const [name, age] of Object.entries(days))
    await utimes(join(cache, name), new Date(now - age * day), new Date(now - age * day));
  await markUsed(join(cache, 'touched'));
  t.deepEqual(await trimCache(cache, 1600, now), [], 'all fits');
  t.deepEqual(await trimCache(cache, 1300, now), ['oldest']);
  t.deepEqual((await readdir(cache)).sort(), ['fresh', 'old', 'touched']);
  t.deepEqual(await trimCache(cache, 100, now), ['old'], 'the others may be about to be read');
  t.deepEqual(await trimCache(join(folder, 'none'), 1), []);
  await markUsed(join(folder, 'none'));
});

test.serial('a graph that was damaged in the cache is compiled anew', async (t) => {
  const options = { folder: join(folder, 'graphs'), tensorflowVersion: 'any', writesInPlace: true };
  const model = tinyModel();
  const first = await compiledGraph(model, stepSpec(model), options);
  t.deepEqual([first.compiled, first.damaged], [true, false]);
  const again = await compiledGraph(model, stepSpec(model), options);
  t.deepEqual([again.compiled, again.damaged, again.folder], [false, false, first.folder]);
  const file = join(first.folder, 'saved_model.pb');
  const whole = await readFile(file);
  await truncate(file, (await stat(file)).size - 10);
  const mended = await compiledGraph(model, stepSpec(model), options);
  t.deepEqual([mended.compiled, mended.damaged, mended.folder], [true, true, first.folder]);
  t.deepEqual(await readFile(file), whole);
  const other = Buffer.from(whole);
  other[100] = (other[100] ?? 0) ^ 1;
  await writeFile(file, other);
  t.true((await compiledGraph(model, stepSpec(model), options)).damaged);
  model.dispose();
});
