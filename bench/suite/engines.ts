import { cpuFeatures } from '../../src/native/index.js';
import { alternate } from '../harness/alternate.js';
import { benchNetworks } from '../harness/networks.js';
import { convoyContender, modelFitContender } from '../harness/peers.js';
import { atLeast, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** How many times the compiled engine must be as quick as the eager one. */
const overEager: Readonly<Record<string, number>> = {
  'cifar10-cnn': 1.7,
  'fashion-mnist-cnn': 1.5,
  'cifar-resnet20': 1.5,
};

/** How many times as quick as with TensorFlow's kernels alone networks must be whose convolutions go into poolings. */
const overTensorFlow: Readonly<Record<string, number>> = { 'cifar10-cnn': 1.15, 'fashion-mnist-cnn': 1.4 };

/** The compiled engine beside itself without convoy's kernels and in bfloat16, the eager one, and tfjs-node's own `fit`. */
export const enginesBench: Bench = {
  name: 'engines',
  title: 'Compiled engine, eager engine and tfjs-node model.fit',
  async run(options) {
    const { bfloat16 } = cpuFeatures();
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const single = { cores: [0] };
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      options.say(network.name);
      const one = { workers: 1, shards: 1 } as const;
      const contests = await alternate(
        [
          convoyContender('compiled, one worker on one core', network, {
            config: { ...one, engine: 'compiled' },
            ...single,
          }),
          convoyContender('eager, one worker on one core', network, { config: { ...one, engine: 'eager' }, ...single }),
          convoyContender("compiled, TensorFlow's kernels alone, one worker on one core", network, {
            config: { ...one, engine: 'compiled' },
            env: { CONVOY_KERNELS: 'off' },
            ...single,
          }),
          convoyContender('compiled', network),
          modelFitContender(network),
          ...(bfloat16 ? [convoyContender('compiled, bfloat16', network, { config: { precision: 'bfloat16' } })] : []),
        ],
        options,
      );
      const medians = contests.map(({ rate }) => rate.median) as [number, number, number, number, number, number?];
      const [compiled, eager, alone, all, fit, low] = medians;
      for (const { name, rate } of contests)
        rows.push([network.name, network.batch, name, rate.median, rate.lowest, rate.highest]);
      claims.push(
        atLeast(
          `${network.name}: compiled against eager, one worker on one core`,
          overEager[network.name] ?? 1.5,
          compiled / eager,
        ),
        atLeast(`${network.name}: against tfjs-node model.fit, all cores`, 3, all / fit),
      );
      const bound = overTensorFlow[network.name];
      if (bound !== undefined)
        claims.push(
          atLeast(
            `${network.name}: against TensorFlow's kernels alone, one worker on one core`,
            bound,
            compiled / alone,
          ),
        );
      if (low !== undefined)
        claims.push(atLeast(`${network.name}: bfloat16 against float32, all cores`, 1.5, low / all));
    }
    return {
      tables: [
        {
          title: `Images/s over ${options.rounds} rounds`,
          columns: ['network', 'batch', 'engine', 'median', 'lowest', 'highest'],
          rows,
        },
      ],
      claims,
    };
  },
};
