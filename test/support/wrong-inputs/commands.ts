/** Wrong command lines of other commands than `convoy train`. `...` stands for any text: lists of names grow with every definition. */

/** What is typed, the exit code, and all of standard error, but for a note on progress before it. */
export type WrongInput = readonly [line: string, code: number, stderr: string];

export const wrongCommands: readonly WrongInput[] = [
  ['trian', 2, 'error: Expected one of train, ... for the command but received "trian"; did you mean train?'],
  ['evaluate', 2, 'error: convoy evaluate needs <run>: run folder (convoy evaluate --help)'],
  ['predict', 2, 'error: convoy predict needs <run>: run folder (convoy predict --help)'],
  [
    'data lst',
    2,
    'error: Expected one of list, info, convert, pack for the command but received "lst"; did you mean list?',
  ],
  [
    'data info',
    2,
    'error: convoy data info needs <name|path>: a name of the list, or an image folder or tar(.gz) archive (convoy data info --help)',
  ],
  [
    'evaluate x --epochs 3',
    2,
    'error: Unknown option "--epochs" of convoy evaluate; it takes --split, --checkpoint, --data-dir, --workers, --trust-code, --test-time-augment, --json',
  ],
  [
    'model resnet19',
    2,
    'error: Expected the name of a network, or the path of a model file or run folder, for the model but received "resnet19"; did you mean resnet18? (convoy model lists all ...)',
  ],
  [
    'model mlp:hiden=[8]',
    2,
    'error: Unknown option "hiden" of mlp; did you mean hidden? (it takes hidden, activation, dropout, widthFactor, initializer)',
  ],
  ['model mlp:hidden=8', 2, 'error: Expected a list, as [8], for mlp.hidden but received 8'],
  [
    'augment images',
    2,
    'error: convoy augment needs --augment LIST as flip,rotate:15, or a --recipe that has transforms',
  ],
  [
    'augment images --augment blurr',
    2,
    'error: Expected the name of a transform, or none, for --augment but received "blurr"; did you mean blur? (convoy augment --help lists all ...)',
  ],
  [
    'analyse run --neuron conv2',
    2,
    'error: Expected LAYER:N, a layer and a channel from 0, as conv2:5, for --neuron but received "conv2"',
  ],
  ['show images --count none', 2, 'error: Expected an integer of at least 1 for --count but received "none"'],
  ['plot nowhere', 1, 'error: nowhere: expected a run folder with a config.json but found no such folder'],
  ['evaluate here --test-time-augment flips', 2, 'error: Expected one of flip, ...; did you mean flip?'],
  ['sweep', 2, 'error: Expected something to try, as --grid learning-rate=0.1,0.01 for sweep but received nothing'],
  ['sweep --grid learningrat=1', 2, 'error: Unknown option "learningrat" of a sweep; did you mean learningRate? ...'],
  ['sweep --range lr=1..2', 2, 'error: the range of learningRate needs --random N, the number of draws'],
  ['lr-find --from 1 --to 0.1', 2, 'error: Expected a number above 1, where --from starts, for --to but received 0.1'],
  [
    'verify --recipe cifra10-cnn',
    2,
    'error: Expected the name of a recipe for --recipe but received "cifra10-cnn"; did you mean cifar10-cnn? (convoy recipes lists all ...)',
  ],
  ['fit', 2, 'error: Expected one of train, ... for the command but received "fit"; did you mean train?'],
  ['test run', 2, 'error: Expected one of train, ... for the command but received "test"; did you mean evaluate?'],
  [
    'data info nowhere',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "nowhere"',
  ],
];
