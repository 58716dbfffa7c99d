import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseHosts, readHostfile } from '../../src/cli/hosts/hosts.js';
import { mpirunArguments } from '../../src/cli/hosts/mpirun.js';
import { ranksArguments, resumedArguments } from '../../src/cli/hosts/train-on.js';
import { inProcess } from '../support/convoy.js';

test('hosts have one rank, or as many as are given, and more when they are named again', (t) => {
  t.deepEqual(parseHosts('a:2,b, c-1.net:3,b'), [
    { name: 'a', ranks: 2 },
    { name: 'b', ranks: 2 },
    { name: 'c-1.net', ranks: 3 },
  ]);
  for (const text of ['', 'a:', 'a:0', 'a:1:2', '-n', 'a b']) {
    t.throws(() => parseHosts(text), { code: 'CONVOY_OPTION', message: /names of machines/ }, text);
  }
});

test('a hostfile of Open MPI is read: slots, comments, empty lines', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-hosts-'));
  try {
    const file = join(folder, 'hosts');
    await writeFile(file, '# ours\na slots=2 max_slots=4\n\nb # one\n');
    t.deepEqual(readHostfile(file), [
      { name: 'a', ranks: 2 },
      { name: 'b', ranks: 1 },
    ]);
    await writeFile(file, 'a\nb slots=many\n');
    t.throws(() => readHostfile(file), { message: /line 2.*slots=many/ });
    await writeFile(file, '# none\n');
    t.throws(() => readHostfile(file), { message: /expected a machine a line but found none/ });
    t.throws(() => readHostfile(join(folder, 'missing')), { code: 'CONVOY_OPTION', message: /ENOENT/ });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('mpirun is told hosts, ranks, and the variables that other machines need', (t) => {
  const hosts = parseHosts('a:2,b');
  const environment = { CONVOY_DATA: '/data', SECRET: 'x', TF_NUM_INTEROP_THREADS: '2', HOME: '/root' };
  const args = mpirunArguments(hosts, ['train'], environment).join(' ');
  t.regex(args, /--bind-to none/);
  t.regex(args, /--host a:2,b:1 -n 3 /);
  t.regex(args, /-x CONVOY_DATA -x TF_NUM_INTEROP_THREADS \S+ \S+main\.js train$/);
  t.notRegex(args, /SECRET/);
});

test('ranks get the command line without what the launcher itself does, and one folder', (t) => {
  const args = ['train', '--hosts', 'a,b', '--epochs', '3', '--restarts=2', '--json', '--workers', '2'];
  t.deepEqual(ranksArguments(args, 'runs/x-1', undefined), [
    ...['train', '--epochs', '3', '--json', '--workers', '2', '--out', 'runs/x-1'],
  ]);
  t.deepEqual(ranksArguments(['train', '--resume', 'r', '--min-hosts', '1'], 'r', 'r'), ['train', '--resume', 'r']);
  t.deepEqual(resumedArguments(args, 'runs/x-1'), ['train', '--resume', 'runs/x-1', '--workers', '2', '--json']);
});

for (const [args, message] of [
  [['--restarts', '1'], /--restarts needs --hosts/],
  [['--min-hosts', '1'], /--min-hosts needs --hosts/],
  [['--hosts', 'a', '--hostfile', 'b'], /--hosts excludes --hostfile/],
  [['--hosts', 'a,b', '--min-hosts', '3'], /at most 2, the number of machines, for --min-hosts/],
] as const) {
  test.serial(`train ${args.join(' ')} is refused`, async (t) => {
    const { code, stderr } = await inProcess(['train', ...args]);
    t.is(code, 2);
    t.regex(stderr, message);
  });
}
