/** Flags that people know from other trainers and that are no flags here: where the same is said. */
import { configSchema } from '../api/config.js';

/** An option of a part that is chosen by another flag. */
const partOf: readonly {
  readonly flag: string;
  readonly part: string;
  readonly example: string;
  readonly words: string;
}[] = [
  { flag: '--optimizer', part: 'optimizer', example: 'sgd:momentum=0.9', words: 'momentum' },
  { flag: '--optimizer', part: 'optimizer', example: 'sgd:momentum=0.9,nesterov=true', words: 'nesterov' },
  { flag: '--optimizer', part: 'optimizer', example: 'adamw:weightDecay=0.01', words: 'weightdecay wd l2 decay' },
  { flag: '--optimizer', part: 'optimizer', example: 'adam:betas=[0.9,0.999]', words: 'betas beta1 beta2' },
  { flag: '--optimizer', part: 'optimizer', example: 'adam:epsilon=1e-7', words: 'epsilon eps' },
  {
    flag: '--optimizer',
    part: 'optimizer',
    example: 'sgd:clipNorm=1',
    words: 'clipnorm clip clipgrad gradclip maxgradnorm',
  },
  { flag: '--optimizer', part: 'optimizer', example: 'adam:ema={"decay":0.999}', words: 'ema modelema' },
  { flag: '--loss', part: 'loss', example: 'crossEntropy:labelSmoothing=0.1', words: 'labelsmoothing smoothing' },
  {
    flag: '--schedule',
    part: 'schedule',
    example: 'cosine:warmup={"epochs":1}',
    words: 'warmup warmupepochs warmupsteps',
  },
  {
    flag: '--schedule',
    part: 'schedule',
    example: 'step:stepSize=10,gamma=0.1',
    words: 'gamma stepsize lrstepsize lrgamma',
  },
  { flag: '--model', part: 'network', example: 'mlp:dropout=0.5', words: 'dropout droprate' },
  { flag: '--early-stopping', part: 'early stopping', example: 'patience=5', words: 'patience' },
  { flag: '--mix', part: 'mixing', example: 'mixup=0.2,cutmix=1', words: 'mixup cutmix' },
];

/** Settings that only a file has, as it would be written. */
const inFile: Readonly<Record<string, string>> = {
  accumulate: '{"accumulate":4}',
  gradaccum: '{"accumulate":4}',
  gradientaccumulationsteps: '{"accumulate":4}',
};

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/** What convoy does not have. */
const notOffered: readonly (readonly [words: string, advice: string])[] = [
  ['gpu gpus cuda device accelerator', 'convoy trains on CPUs, with every core unless --workers says otherwise'],
  ['verbose v quiet q progress', 'where no terminal is, one line an epoch is printed; --json prints objects'],
  ['shuffle', 'training samples are shuffled in every epoch, by --seed'],
];

/**
 * What to write instead of a flag of other trainers, or undefined.
 *
 * @param known the flags that the command has.
 */
export function adviceOnFlag(flag: string, known: readonly string[]): string | undefined {
  const word = plain(flag);
  const without = notOffered.find(([words]) => words.split(' ').includes(word));
  if (without !== undefined) return without[1];
  const part = partOf.find(({ words, flag: needed }) => words.split(' ').includes(word) && known.includes(needed));
  if (part !== undefined) return `it is an option of the ${part.part}: ${part.flag} ${part.example}`;
  if (!known.includes('--config') || known.some((each) => plain(each) === word)) return undefined;
  const key = Object.keys(configSchema.shape).find((each) => plain(each) === word);
  const example = inFile[word] ?? (key === undefined ? undefined : `{"${key}": ...}`);
  return example === undefined ? undefined : `it is set in a file: --config FILE, with ${example} in it`;
}
