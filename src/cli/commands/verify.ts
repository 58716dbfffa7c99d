import { readRecipe, resolveConfig } from '../../api/config.js';
import { defineCommand } from '../define.js';
import { hostsOptions, machinesOf } from '../hosts/options.js';
import { verifyOn } from '../hosts/verify-on.js';
import { option } from '../options.js';
import { integer, integerOrAuto, text } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { dataDir, precision, shards } from '../shared-options.js';

export const verify = defineCommand({
  name: 'verify',
  description: 'Proves on this machine that workers do not change a training: same bits, same gradients.',
  alsoCalled: ['check', 'prove'],
  options: [
    option('--recipe <name>', 'whose network and data (see: convoy recipes)', { parse: text, default: 'shapes' }),
    dataDir,
    option('--workers <n|auto>', 'the largest number of workers to try', { parse: integerOrAuto }),
    shards,
    precision,
    ...hostsOptions,
    option('--steps <n>', 'steps of the repeated training', { parse: integer(2), default: 6 }),
  ],
  examples: [
    ['convoy verify', ''],
    ['convoy verify --hosts a,b', 'a short training: one process and two machines end with the same weights'],
  ],
  async action(_, { recipe, dataDir, steps, hosts, hostfile, ...flags }, terminal) {
    const config = resolveConfig({ where: 'recipe', input: await readRecipe(recipe) }, { where: '', input: flags });
    const machines = machinesOf({ hosts, hostfile });
    if (machines !== undefined) {
      const ranks = machines.hosts.reduce((sum, host) => sum + host.ranks, 0);
      const { shards = ranks, workers, precision, batchSize } = { ...flags, batchSize: config.batchSize };
      const given = { '--data-dir': dataDir, '--workers': workers, '--precision': precision };
      const values = {
        ...{ '--recipe': recipe, '--epochs': 1, '--limit': steps * batchSize, '--test-limit': 256, '--shards': shards },
        ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      };
      const args = ['train', ...Object.entries(values).flatMap(([flag, value]) => [flag, String(value)])];
      return verifyOn({ hosts: machines.hosts, args }, terminal);
    }
    const { verify: check, verifyError } = await import('../../index.js');
    const data = dataProgress(terminal);
    const checks = await check({
      config,
      steps,
      onCheck: ({ name, passed, detail }) => {
        data.end();
        terminal.record({ type: 'check', name, passed, detail });
        terminal.line(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(44)}  ${detail}`);
      },
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    const error = verifyError(checks);
    if (error !== undefined) throw error;
  },
});
