import type { Precision } from '../../src/contracts/index.js';
import { cpuFeatures, hidesCaches } from '../../src/native/index.js';
import { alternate, type Contender, type Contest, quickest } from '../harness/alternate.js';
import { benchNetworks } from '../harness/networks.js';
import { convoyContender, modelFitContender, peerContender, peers, peersPython } from '../harness/peers.js';
import { atLeast, type Claim, type ResultChart } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** How many times the best setting of each peer convoy must reach, by network and precision. */
const bounds: readonly {
  readonly network: string;
  readonly precision: Precision;
  readonly peer: RegExp;
  readonly name: string;
  readonly bound: number;
}[] = [
  { network: 'cifar10-cnn', precision: 'float32', peer: /^Keras/, name: 'the best Keras', bound: 1.2 },
  { network: 'cifar10-cnn', precision: 'float32', peer: /^PyTorch/, name: 'the best PyTorch', bound: 2 },
  { network: 'cifar10-cnn', precision: 'bfloat16', peer: /^(Keras|PyTorch)/, name: 'the best peer', bound: 1.2 },
  { network: 'cifar-resnet20', precision: 'float32', peer: /^(Keras|PyTorch)/, name: 'the best peer', bound: 1 },
];

/** Steps beside PyTorch, Keras and tfjs-node on the same cores, best setting of each, in alternating rounds. */
export const peersBench: Bench = {
  name: 'peers',
  title: 'Steps beside PyTorch, Keras and tfjs-node',
  async run(options) {
    const precisions: Precision[] = cpuFeatures().bfloat16 ? ['float32', 'bfloat16'] : ['float32'];
    const rows: (string | number | null)[][] = [];
    const tried: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const charts: ResultChart[] = [];
    const missing = new Map<string, string>();
    const libraries: Record<string, string> = {};
    const names: string[] = [];
    const bars = new Map<string, (number | undefined)[]>();
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      for (const precision of precisions) {
        const label = `${network.name} ${precision}`;
        const final: Contender[] = [convoyContender('convoy', network, { config: { precision } })];
        for (const peer of peers) {
          if (missing.has(peer.name)) continue;
          options.say(`${label}: settings of ${peer.name}`);
          const settings = peer.settings.map((setting) => peerContender(peer, setting, network, precision));
          const { best, contests } = await quickest(settings, {
            seconds: options.seconds,
            rounds: options.quick ? 1 : 2,
          });
          for (const { name, rate, facts, missing: reason } of contests) {
            if (reason !== undefined) missing.set(peer.name, reason);
            else tried.push([network.name, precision, name, rate.median]);
            if (typeof facts['version'] === 'string') libraries[peer.name] = facts['version'];
          }
          if (best !== undefined) final.push(best);
        }
        if (precision === 'float32') final.push(modelFitContender(network));
        options.say(`${label}: ${final.length} in turn`);
        const contests = await alternate(final, options);
        const [own] = contests as [Contest];
        for (const { name, rate } of contests) {
          rows.push([
            network.name,
            precision,
            network.batch,
            name,
            rate.median,
            rate.lowest,
            rate.highest,
            own.rate.median / rate.median,
          ]);
        }
        for (const { network: of, precision: at, peer, name, bound } of bounds) {
          const best = Math.max(
            ...contests.filter((contest) => peer.test(contest.name)).map(({ rate }) => rate.median),
          );
          if (of !== network.name || at !== precision || !Number.isFinite(best)) continue;
          claims.push(
            atLeast(`${label}, batch ${network.batch}: convoy against ${name}`, bound, own.rate.median / best),
          );
        }
        names.push(label);
        for (const { name, rate } of contests) {
          const series = name.replace(/ \(.*/, '');
          const values = bars.get(series) ?? [];
          values[names.length - 1] = rate.median;
          bars.set(series, values);
        }
      }
    }
    charts.push({
      file: 'bench-peers',
      kind: 'bars',
      options: {
        title: 'Training steps on the same cores',
        valueName: 'images/s',
        categories: names,
        series: [...bars].map(([name, values]) => ({ name, values: names.map((_, index) => values[index]) })),
      },
    });
    return {
      tables: [
        {
          title: `Images/s over ${options.rounds} alternating rounds, best setting of each peer`,
          columns: ['network', 'precision', 'batch', 'trainer', 'median', 'lowest', 'highest', 'convoy against it'],
          rows,
        },
        {
          title: 'Settings of the peers that were tried, images/s',
          columns: ['network', 'precision', 'setting', 'median'],
          rows: tried,
        },
      ],
      claims,
      charts,
      notes: [
        "Peers and tfjs-node keep freed memory (glibc's MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_), for machines where page faults are dear; convoy's processes do not.",
        'Peers read prepared float32 batches from memory; convoy gathers and scales uint8 images by a shuffled order, as in training.',
        ...(hidesCaches()
          ? [
              "This machine hides its caches, and TensorFlow's oneDNN takes a cache to be one byte. The bench sets the sizes in Keras too, which else computes wrongly.",
            ]
          : []),
        ...[...missing].map(([name, reason]) => `${name} is missing with ${peersPython()}: ${reason}`),
      ],
      libraries,
    };
  },
};
