import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { RunFolder } from '../../src/run/index.js';

test('a run whose empty folder of checkpoints is gone can be gone on with', async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'convoy-folder-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  const created = await RunFolder.create(path);
  await created.writeConfig({});
  await created.close();
  await rm(join(path, 'checkpoints'), { recursive: true, force: true });
  const resumed = await RunFolder.resume(path);
  t.teardown(() => resumed.close());
  t.true(existsSync(join(path, 'checkpoints')));
});
