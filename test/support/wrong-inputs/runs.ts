/** What a user can do wrong with a run: arguments, exit code, and the whole of standard error. */
export const wrongWithRuns: readonly (readonly [args: string, code: number, stderr: string | RegExp])[] = [
  [
    'train --out run',
    2,
    'error: Expected a new folder (to go on with the run in it use --resume run) for the run folder but received "run"\n',
  ],
  [
    'train --out train.jsonl/below',
    1,
    'error: train.jsonl/below: expected to write here but a part of its path is a file, not a folder\n',
  ],
  [
    'train --resume run --seed 3',
    2,
    /^error: seed excludes --resume, which goes on with the run as it is: only .*epochs.* may change\n$/,
  ],
  ['evaluate nowhere', 1, 'error: nowhere: expected a run folder with a config.json but found no such folder\n'],
  ['evaluate run --checkpoint worst', 2, 'error: Expected one of best, last for --checkpoint but received "worst"\n'],
  [
    'evaluate run --split validation',
    2,
    'error: Expected a split that the run has (test, train) for --split but received "validation"\n',
  ],
  [
    'evaluate damaged',
    1,
    /^error: damaged\/checkpoints\/last\.ckpt: payload: expected \d+ bytes but found 48 \(the file was cut short\)\n$/,
  ],
  [
    'train --resume damaged --epochs 3',
    1,
    /^error: damaged\/checkpoints\/last\.ckpt: payload: expected \d+ bytes but found 48 \(the file was cut short\)\n$/,
  ],
  [
    'evaluate torn',
    1,
    /^error: torn\/architecture\.json: expected the network that .* was written with but found another .*\n$/,
  ],
  [
    'train --resume list',
    2,
    /^note: .*\nerror: Expected an object of options for list\/config\.json but received \[\]\n$/,
  ],
  [
    'predict run text.json',
    1,
    'error: text.json: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, PPM or PGM image but found other content (its first bytes are 65706f6368733a20)\nerror: Expected images but found 1 of 1 image that cannot be read, named above\n',
  ],
  [
    'predict run none.png',
    1,
    'error: none.png: expected a readable image file but found no such file\nerror: Expected images but found 1 of 1 image that cannot be read, named above\n',
  ],
];
