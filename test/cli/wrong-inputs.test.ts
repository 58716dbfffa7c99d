import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { inProcess, writeImages } from '../support/convoy.js';

/**
 * What people type: the command line, the exit code, and all of standard error, but for a note on progress before it. `...`
 * stands for any text: lists of names grow with every definition.
 */
const table: readonly (readonly [line: string, code: number, stderr: string])[] = [
  ['trian', 2, 'error: Expected one of train, ... for the command but received "trian"; did you mean train?'],
  [
    'train --epoch 3',
    2,
    'error: Unknown option "--epoch" of convoy train; did you mean --epochs? (convoy train --help lists all)',
  ],
  ['train extra', 2, 'error: Expected options alone, which begin with --, for convoy train but received "extra"'],
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
    'train --lr 0.1',
    2,
    'error: Unknown option "--lr" of convoy train; did you mean --learning-rate? (convoy train --help lists all)',
  ],
  [
    'train --momentum 0.9',
    2,
    'error: Unknown option "--momentum" of convoy train; it is an option of the optimizer: --optimizer sgd:momentum=0.9',
  ],
  [
    'train --weight-decay 0.01',
    2,
    'error: Unknown option "--weight-decay" of convoy train; it is an option of the optimizer: --optimizer adamw:weightDecay=0.01',
  ],
  [
    'train --dropout 0.5',
    2,
    'error: Unknown option "--dropout" of convoy train; it is an option of the network: --model mlp:dropout=0.5',
  ],
  [
    'train --accumulate 4',
    2,
    'error: Unknown option "--accumulate" of convoy train; it is set in a file: --config FILE, with {"accumulate":4} in it',
  ],
  [
    'train --num-workers 2',
    2,
    'error: Unknown option "--num-workers" of convoy train; did you mean --workers? (convoy train --help lists all)',
  ],
  ['train --foo', 2, 'error: Unknown option "--foo" of convoy train; convoy train --help lists all'],
  [
    'train -epochs 3',
    2,
    'error: Unknown option "-epochs" of convoy train; did you mean --epochs? (convoy train --help lists all)',
  ],
  ['train --epochs', 2, 'error: Expected a value for --epochs <n> but received nothing'],
  ['train --epochs 0', 2, 'error: Expected an integer of at least 1 for --epochs but received "0"'],
  ['train --epochs many', 2, 'error: Expected an integer of at least 1 for --epochs but received "many"'],
  ['train --batch-size 1e9.5', 2, 'error: Expected an integer of at least 1 for --batch-size but received "1e9.5"'],
  ['train --workers -1', 2, 'error: Expected a positive integer or auto for --workers but received "-1"'],
  ['train --learning-rate=-0.1', 2, 'error: Expected a number above 0 for --learning-rate but received "-0.1"'],
  ['train --engine fast', 2, 'error: Expected one of auto, compiled, eager for --engine but received "fast"'],
  [
    'train --precision float16',
    2,
    'error: Expected one of float32, bfloat16, auto for --precision but received "float16"; did you mean bfloat16?',
  ],
  ['train --model mlp:hidden', 2, 'error: Expected key=value pairs after mlp: for --model but received "hidden"'],
  [
    'train --optimizer {"name":5}',
    2,
    'error: Expected NAME:key=value,... or JSON as {"name":"NAME","key":value} for --optimizer but received "{\\"name\\":5}"',
  ],
  [
    'train --optimizer {"name":"sgd","momentun":0.9}',
    2,
    'error: Unknown option "momentun" of optimizer sgd; did you mean momentum? (it takes name, ...)',
  ],
  [
    'train --optimizer Adam',
    2,
    'error: Expected one of sgd, ... for optimizer.name but received "Adam"; did you mean adam?',
  ],
  [
    'train --optimizer SGD',
    2,
    'error: Expected one of sgd, ... for optimizer.name but received "SGD"; did you mean sgd?',
  ],
  [
    'train --optimizer adam:lr=0.01',
    2,
    'error: Unknown option "lr" of optimizer adam; did you mean learningRate? (it takes name, ...)',
  ],
  [
    'train --optimizer adam:weight_decay=0.01',
    2,
    'error: Unknown option "weight_decay" of optimizer adam; did you mean weightDecay? (it takes name, ...)',
  ],
  [
    'train --loss mse',
    2,
    'error: Expected one of crossEntropy, ... for loss.name but received "mse"; did you mean meanSquaredError?',
  ],
  [
    'train --loss bce',
    2,
    'error: Expected one of crossEntropy, ... for loss.name but received "bce"; did you mean binaryCrossEntropy?',
  ],
  [
    'train --loss cce',
    2,
    'error: Expected one of crossEntropy, ... for loss.name but received "cce"; did you mean crossEntropy?',
  ],
  [
    'train --loss kldiv',
    2,
    'error: Expected one of crossEntropy, ... for loss.name but received "kldiv"; did you mean klDivergence?',
  ],
  [
    'train --schedule cosin',
    2,
    'error: Expected one of constant, ... for schedule.name but received "cosin"; did you mean cosine or cosineRestarts?',
  ],
  ['train --schedule step', 2, 'error: Expected a number for schedule.stepSize but received nothing'],
  [
    'train --recipe cifar',
    2,
    'error: Expected the name of a recipe for --recipe but received "cifar"; did you mean cifar10-augmented, cifar10-cnn or cifar10-fast? (convoy recipes lists all ...)',
  ],
  ['train --recipe shapes --shards 65', 2, 'error: Expected at most 64 (the batch size) for shards but received 65'],
  ['train --config none.json', 2, 'error: none.json: expected a configuration file (JSON) but found no such file'],
  ['train --config array.json', 2, 'error: array.json: expected a JSON object of options but found an array'],
  [
    'train --config text.json',
    2,
    'error: text.json: expected a configuration file (JSON) but found Unexpected token \'e\', "epochs: 3" is not valid JSON',
  ],
  ['train --config key.json', 2, 'error: Unknown option "epoch" of key.json; did you mean epochs?'],
  [
    'train --config monitor.json',
    2,
    'error: Expected one of validation.loss, ... for monitor.json.earlyStopping.monitor but received "val_loss"; did you mean validation.loss?',
  ],
  [
    'train --augment flop',
    2,
    'error: Expected the name of a transform, or none, for --augment but received "flop"; did you mean flip? (convoy augment --help lists all ...)',
  ],
  [
    'train --augment rotate:200',
    2,
    'error: Expected a number from 0 to 180 or [low, high] within ±180 for --augment.rotate.degrees but received 200',
  ],
  [
    'train --augment flip:2:3',
    2,
    'error: Expected at most one value (probability) for --augment.flip but received ["2", "3"]',
  ],
  [
    'train --dataset ./fotos',
    2,
    'error: ./fotos: expected a folder or archive of images but found no such file or folder; did you mean photos?',
  ],
  [
    'train --dataset cifra10',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "cifra10"; did you mean cifar10?',
  ],
  [
    'train --dataset MNIST',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "MNIST"; did you mean mnist?',
  ],
  [
    'train --dataset images --image-size 8x8x8',
    2,
    'error: Expected a side as 224, or height and width as 224x192 for --image-size but received "8x8x8"',
  ],
  [
    'train --dataset images --image-size 8 --model resnet19',
    2,
    'error: Expected the name of a network, or the path of a model file, for --model but received "resnet19"; did you mean resnet18? (convoy model lists all ...)',
  ],
  [
    'train --dataset images --image-size 8 --model mlp:hiden=[8]',
    2,
    'error: Unknown option "hiden" of mlp; did you mean hidden? (it takes hidden, activation, dropout, widthFactor, initializer)',
  ],
  [
    'train --dataset images --image-size 8 --limit 5 --shards 6 --model mlp',
    2,
    'error: Expected at most 5 (the training samples) for shards but received 6',
  ],
  [
    'train --dataset images --image-size 8 --model mlp --loss crossEntropy:classWeights=[1,2,3]',
    2,
    'error: Expected 2 numbers, one for each class, for loss.classWeights but received [1, 2, 3]',
  ],
  [
    'train --dataset images --image-size 8 --model mlp --classes dark,lite',
    2,
    'error: Expected names among dark, light for --classes but received "lite"',
  ],
  ['train --freeze none', 2, 'error: freeze needs a base, as --base resnet50 --weights imagenet'],
  ['train --head 64', 2, 'error: head needs a base, as --base resnet50 --weights imagenet'],
  ['train --phase many', 2, 'error: Expected an integer of at least 1 for --phase but received "many"'],
  ['train --mix mixup', 2, 'error: Expected key=value pairs as mixup=0.2,cutmix=1 for --mix but received "mixup"'],
  ['train --mix mixin=0.2', 2, 'error: Unknown option "mixin" of mix; did you mean mixup? (it takes mixup, cutmix)'],
  ['train --resume nowhere', 1, 'error: nowhere: expected a run folder with a config.json but found no such folder'],
  [
    'train --resume run --recipe shapes',
    2,
    'error: --resume excludes --recipe: it goes on with the run as it is, in its own folder',
  ],
  [
    'train --trace nowhere/trace.json',
    2,
    'error: Expected a file in a folder that exists for --trace but received "nowhere/trace.json"',
  ],
  [
    'evaluate x --epochs 3',
    2,
    'error: Unknown option "--epochs" of convoy evaluate; it takes --checkpoint, --split, --data-dir, --workers, --trust-code, --test-time-augment, --json',
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
  ['train --outputs 2', 2, 'error: Expected 1 for outputs but received 2'],
  [
    'train --monitor val_loss',
    2,
    'error: Expected one of validation.loss, ... for monitor but received "val_loss"; did you mean validation.loss?',
  ],
  ['train --class-weights equal', 2, 'error: Expected balanced, or a number of at least 0 for each class, ...'],
  ['train --metrics f2', 2, 'error: Expected one of f1, ... for metrics.0 but received "f2"...'],
  ['train --sampler weighted', 2, 'error: sampler needs either classWeights or file, ...'],
  ['train --cross-validate 3 --resume here', 2, 'error: --cross-validate excludes --resume, which is of one run'],
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
  [
    'train --data-dir /nowhere --dataset shapes',
    2,
    'error: Expected a folder that exists for --data-dir but received "/nowhere"',
  ],
  [
    'train --dataset empty',
    1,
    'error: .../empty: expected images in folders of their classes, as dog/1.jpg or train/dog/1.jpg, but found none',
  ],
  [
    'train --base resnet18',
    2,
    'error: --base resnet18 needs --weights imagenet or a weights file: a base is a trained network',
  ],
  [
    'train --base resnet19 --weights imagenet',
    2,
    'error: Expected the name of a network, or the path of a run folder or model file, for --base but received "resnet19"; did you mean resnet18? (convoy model lists all ...)',
  ],
  ['fit', 2, 'error: Expected one of train, ... for the command but received "fit"; did you mean train?'],
  ['test run', 2, 'error: Expected one of train, ... for the command but received "test"; did you mean evaluate?'],
  [
    'train --gpu',
    2,
    'error: Unknown option "--gpu" of convoy train; convoy trains on CPUs, with every core unless --workers says otherwise',
  ],
  [
    'train --patience 5',
    2,
    'error: Unknown option "--patience" of convoy train; it is an option of the early stopping: --early-stopping patience=5',
  ],
  [
    'train --label-smoothing 0.1',
    2,
    'error: Unknown option "--label-smoothing" of convoy train; it is an option of the loss: --loss crossEntropy:labelSmoothing=0.1',
  ],
  [
    'train --dataset imagenet',
    2,
    'error: Expected one of shapes, ..., or a path, for --dataset but received "imagenet"; ImageNet may not be downloaded freely: lay its images out as train/CLASS/... and test/CLASS/... and give the path of that folder',
  ],
  [
    'train --dataset coco',
    2,
    'error: Expected one of shapes, ..., or a path, for --dataset but received "coco"; convoy classifies images: it has no detection or segmentation',
  ],
  ['train --test-limit 0', 2, 'error: Expected an integer of at least 1 for --test-limit but received "0"'],
  ['train --limit 7000', 2, 'error: Expected at most 6000 (the train samples of shapes) for --limit but received 7000'],
  [
    'train --test-limit 2000',
    2,
    'error: Expected at most 1000 (the test samples of shapes) for --test-limit but received 2000',
  ],
  [
    'train --schedule StepLR',
    2,
    'error: Expected one of constant, ... for schedule.name but received "StepLR"; did you mean step?',
  ],
  ['train --optimizer sgd:nesterov=true', 2, 'error: optimizer.nesterov needs momentum above 0 and no dampening'],
  ['train --optimizer adam:betas=[1,2]', 2, 'error: Expected less than 1 for optimizer.betas.0 but received 1'],
  [
    'train --augment RandomHorizontalFlip',
    2,
    'error: Expected the name of a transform, or none, for --augment but received "RandomHorizontalFlip"; did you mean flip? (convoy augment --help lists all ...)',
  ],
  [
    'train --model network.json --dataset images --image-size 8',
    2,
    'error: Expected the name of a layer for the type of layer conv_1 but received "conv"; did you mean conv2d? (docs/networks.md lists all ...)',
  ],
  [
    'train --model nothing.h5',
    2,
    'error: Expected the name of a network, or the path of a model file, for --model but received "nothing.h5" (convoy model lists all ...)',
  ],
  [
    'train --model resnet18 --dataset images --image-size 8 --weights imagenet',
    2,
    'error: --weights imagenet needs a base: --base resnet18 instead of --model resnet18',
  ],
  [
    'train --base mlp --weights imagenet',
    2,
    'error: Expected one of vgg16, ... for --base with --weights imagenet but received "mlp"',
  ],
  [
    'train --base nothing.h5 --weights last',
    2,
    'error: Expected the name of a network, or the path of a run folder or model file, for --base but received "nothing.h5" (convoy model lists all ...)',
  ],
  ['train --phase 5 --phase 10', 2, 'error: phases needs a base, as --base resnet50 --weights imagenet'],
  [
    'data info nowhere',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "nowhere"',
  ],
];

const files: Readonly<Record<string, unknown>> = {
  'array.json': [],
  'key.json': { epoch: 3 },
  'monitor.json': { earlyStopping: { patience: 2, monitor: 'val_loss' } },
  'network.json': { layers: [{ type: 'conv', filters: 4, kernelSize: 3 }] },
};

let cwd: string;
test.before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'convoy-wrong-'));
  process.chdir(cwd);
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
  process.env['CONVOY_DATA'] = '';
  await writeImages(join(cwd, 'images'), 11, 5);
  for (const folder of ['empty', 'photos', 'cache']) await mkdir(join(cwd, folder));
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), JSON.stringify(content));
  await writeFile(join(cwd, 'text.json'), 'epochs: 3');
});
test.after.always(async () => {
  process.chdir(tmpdir());
  await rm(cwd, { recursive: true });
});

/** The text, with anything in place of `...`. */
function pattern(text: string): RegExp {
  const parts = text.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

test.serial('sixty wrong inputs and more are answered in at most two lines that say what to do', async (t) => {
  t.true(table.length >= 60);
  const before = (await readdir(cwd)).sort();
  for (const [line, code, expected] of table) {
    const ended = await inProcess(line.split(' '));
    const told = ended.stderr.trim();
    t.regex(told.replace(/^note: .*\n/, ''), pattern(expected), line);
    t.is(ended.code, code, line);
    t.is(ended.stdout, '', line);
    t.true(told.split('\n').length <= 2, `${line}: at most two lines`);
  }
  t.deepEqual((await readdir(cwd)).sort(), before, 'nothing is left behind, no empty run folder either');
});
