import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { LockFile } from '../../src/base/lock-file.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-lock-'));
});
test.after.always(() => rm(folder, { recursive: true }));

const module = new URL('../../src/base/lock-file.js', import.meta.url).href;

/** A process that takes the lock when it is told to, says how that ended, and lives until its standard input closes. */
function contender(path: string): { readonly child: ChildProcess; answer(): Promise<string> } {
  const code = `
    const { LockFile } = await import(${JSON.stringify(module)});
    process.stdout.write('ready\\n');
    process.stdin.once('data', async () => {
      const attempt = await LockFile.take(${JSON.stringify(path)});
      process.stdout.write('lock' in attempt ? (attempt.from ? 'took over' : 'took') : 'held by ' + attempt.heldBy.pid);
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  return {
    child,
    answer: async () => String(((await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer])[0]),
  };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a lock is held by one at a time, and leaves nothing', async (t) => {
  const path = join(folder, 'plain.lock');
  const first = await LockFile.take(path);
  if (!('lock' in first)) throw new Error('the lock is free');
  const second = await LockFile.take(path);
  t.is('heldBy' in second && second.heldBy.pid, process.pid, 'within one process too');
  t.true(await first.lock.isHeld());
  await first.lock.release();
  const third = await LockFile.take(path);
  if (!('lock' in third)) throw new Error('the lock is free');
  t.is(third.from, undefined);
  await third.lock.release();
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('plain')),
    [],
  );
});

test('of processes that start at one moment one takes the lock, also over one of a killed process', async (t) => {
  const path = join(folder, 'raced.lock');
  for (let round = 0; round < 3; round++) {
    const all = Array.from({ length: 4 }, () => contender(path));
    for (const one of all) t.is(await one.answer(), 'ready\n');
    const answers = all.map((one) => one.answer());
    for (const { child } of all) child.stdin?.write('go');
    const found = await Promise.all(answers);
    const took = found.findIndex((answer) => answer.startsWith('took'));
    t.is(found[took], round === 0 ? 'took' : 'took over');
    const others = found.filter((_, index) => index !== took);
    t.deepEqual(others, new Array(3).fill(`held by ${all[took]?.child.pid}`));
    await Promise.all(all.map(({ child }) => end(child))); // nobody releases
  }
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('raced')),
    ['raced.lock'],
  );
});

test("a lock of another machine holds as long as it shows signs of life, by the clock of the files' keeper", async (t) => {
  const path = join(folder, 'far.lock');
  const holder = { id: 'far', host: 'elsewhere', pid: 1, started: '5', space: 'other', since: '2026-01-01T00:00:00Z' };
  await writeFile(path, JSON.stringify(holder));
  const fresh = await LockFile.take(path);
  t.deepEqual('heldBy' in fresh && fresh.heldBy, holder);
  const minutesAgo = new Date(Date.now() - 5 * 60_000);
  await utimes(path, minutesAgo, minutesAgo);
  const silent = await LockFile.take(path);
  if (!('lock' in silent)) throw new Error('the lock is silent');
  t.deepEqual(silent.from, holder);
  // The other was not dead but stopped, and another takes the lock over in its turn: each sees that it has lost it.
  await writeFile(join(folder, 'usurper'), JSON.stringify({ ...holder, id: 'again' }));
  await rm(path);
  await writeFile(path, JSON.stringify({ ...holder, id: 'again' }));
  t.false(await silent.lock.isHeld());
  await silent.lock.release();
  t.regex(await readFile(path, 'utf8'), /again/, 'and releases nothing that is not its own');
});

test('a number that another process has now does not keep a lock', async (t) => {
  const path = join(folder, 'reused.lock');
  const first = await LockFile.take(path);
  if (!('lock' in first)) throw new Error('the lock is free');
  const holder = JSON.parse(await readFile(path, 'utf8')) as { started: string };
  await first.lock.release();
  if (holder.started === '') {
    t.pass('this system does not tell when a process started');
    return;
  }
  await writeFile(path, JSON.stringify({ ...holder, started: `${Number(holder.started) - 1}` }));
  const second = await LockFile.take(path);
  t.true('lock' in second && second.from !== undefined);
  if ('lock' in second) await second.lock.release();
});

test('what a process left that was killed while it took a lock is gone once another has it', async (t) => {
  const path = join(folder, 'left.lock');
  const parts = new URL('../../src/base/part-file.js', import.meta.url).href;
  const code = `
    const { partOf } = await import(${JSON.stringify(parts)});
    (await import('node:fs')).writeFileSync(partOf(${JSON.stringify(path)}), '{}');
    process.kill(process.pid, 'SIGKILL');`;
  await once(spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' }), 'exit');
  const named = async () => (await readdir(folder)).filter((name) => name.startsWith('left.lock'));
  t.is((await named()).filter((name) => name.endsWith('.part')).length, 1);
  const attempt = await LockFile.take(path);
  t.deepEqual(await named(), ['left.lock']);
  if ('lock' in attempt) await attempt.lock.release();
});
