import { resolveConfig } from '../../src/config/index.js';
import { availableCores } from '../../src/native/index.js';
import type { TunedSettings } from '../../src/runtime/index.js';
import { tune } from '../../src/tools/index.js';
import { alternate } from '../harness/alternate.js';
import { benchNetworks, stepConfig } from '../harness/networks.js';
import { convoyContender } from '../harness/peers.js';
import { atLeast, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** Share of the best setting's speed that the tuned one must reach. */
const leastShare = 0.95;

/** Every combination that a person might try by hand. */
export function allSettings(cores: number): TunedSettings[] {
  const settings: TunedSettings[] = [];
  for (let workers = cores; workers >= 1; workers >>= 1) {
    for (const perWorker of [1, 2, 4]) {
      for (const intraOpThreads of new Set([1, Math.max(1, Math.floor(cores / workers))])) {
        settings.push({ workers, shards: workers * perWorker, intraOpThreads });
      }
    }
  }
  return settings;
}

/** What `convoy tune` finds beside an exhaustive sweep. */
export const tuneBench: Bench = {
  name: 'tune',
  title: 'Settings found by convoy tune, beside all of them',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      options.say(`${network.name}: tune`);
      const began = performance.now();
      // Fashion-MNIST's network on the embedded shapes would be another network: data are synthetic, of its own size.
      const { best } = await tune({
        config: resolveConfig({ where: '', input: stepConfig(network) }),
        image: network.image,
        ...(options.quick ? { seconds: 5 } : {}),
      });
      const tuneSeconds = (performance.now() - began) / 1000;
      const swept = options.quick ? allSettings(availableCores()).slice(0, 2) : allSettings(availableCores());
      options.say(`${network.name}: ${swept.length} settings in turn`);
      const name = (settings: TunedSettings) =>
        `${settings.workers} workers, ${settings.shards} shards, ${settings.intraOpThreads} intra-op, ${settings.interOpThreads ?? 'default'} inter-op`;
      // Measured once: the same settings twice would only show the noise, and give one of them two chances.
      const others = swept.filter((settings) => name(settings) !== name(best));
      const contests = await alternate(
        [best, ...others].map((config, index) =>
          convoyContender(`${index === 0 ? 'tuned: ' : ''}${name(config)}`, network, { config }),
        ),
        options,
      );
      const quickest = Math.max(...contests.map(({ rate }) => rate.median));
      for (const { name: settings, rate } of contests)
        rows.push([network.name, settings, rate.median, rate.lowest, rate.highest, rate.median / quickest]);
      claims.push(
        atLeast(
          `${network.name}: tuned settings, share of the best of ${contests.length}`,
          leastShare,
          (contests[0]?.rate.median ?? Number.NaN) / quickest,
        ),
      );
      rows.push([network.name, 'seconds that convoy tune took', tuneSeconds, null, null, null]);
    }
    return {
      tables: [
        {
          title: `Images/s over ${options.rounds} alternating rounds`,
          columns: ['network', 'settings', 'median', 'lowest', 'highest', 'of the best'],
          rows,
        },
      ],
      claims,
    };
  },
};
