import { anomalyMethods } from '../../api/config.js';
import { ConvoyError, combinationError } from '../../api/errors.js';
import type { AnomalyEvaluation, OneClassScores } from '../../index.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, notNegative, oneOf, positive, share, text, wordList } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { checkpoint, dataDir, limit, seedOrZero, testLimit } from '../shared-options.js';
import { counted, percent, table, tellError } from '../terminal.js';

const normal = option('--normal <class>', 'the class that is normal; all others are anomalies', {
  alsoCalled: ['--normal-class'],
});
const dataset = argument('<dataset>', "a dataset with classes by name or path, or a folder in MVTec's layout");
const file = argument('<file>', 'what convoy anomaly fit wrote');

const fit = defineCommand({
  name: 'fit',
  description: 'Learns what normal images look like to a trained run, without training, and writes it to one file.',
  arguments: [argument('<run>', 'run folder'), dataset],
  options: [
    normal,
    option('--all-classes', 'each class normal in turn: prints the table of areas under the ROC curve, writes no file'),
    option(
      '--method <name>',
      `${anomalyMethods.join(', ')} (default: padim; reconstruction for a run that rebuilds images)`,
      { parse: oneOf(anomalyMethods) },
    ),
    option('--out <file>', 'the file', { parse: text, default: 'anomaly.safetensors' }),
    option('--layers <list>', 'layers, joined by commas (default: the last of each of three sizes)', {
      parse: wordList,
    }),
    option('--channels <n>', 'of padim: channels, chosen by the seed (default: 100, or all)', { parse: integer() }),
    option('--share <x>', 'of patchcore: share of the patches that are kept (default: 0.1)', { parse: share }),
    option('--candidates <n>', 'of patchcore: patches that they are chosen from (default: 20000)', {
      parse: integer(),
    }),
    option('--sigma <pixels>', 'smoothing of maps (default: 4 for a side of 224, in proportion)', {
      parse: notNegative,
    }),
    option('--hold-out <x>', 'share of the normal images that the threshold is chosen on (default: 0.1)', {
      parse: share,
    }),
    option('--quantile <x>', 'share of those that are below the threshold (default: 0.99)', { parse: positive }),
    limit,
    testLimit,
    seedOrZero,
    checkpoint,
    dataDir,
  ],
  examples: [
    ['convoy anomaly fit runs/resnet cifar10 --normal ship --out ship.safetensors', ''],
    ['convoy anomaly fit runs/resnet bottle --method patchcore', "a folder in MVTec's layout"],
  ],
  async action([run, name], flags, terminal) {
    const { allClasses, normal, method, out, limit, testLimit, seed, checkpoint, dataDir } = flags;
    if (allClasses && normal !== undefined) throw combinationError('--all-classes', 'excludes', '--normal');
    const { fitAnomalyModel, meanAuroc, normalImages, oneClassScores, openAnomalyData, openRun } = await import(
      '../../index.js'
    );
    const { layers, channels, share, candidates, sigma, holdOut, quantile } = flags;
    const options = { method, layers, channels, share, candidates, sigma, holdOut, quantile, seed };
    const network = await openRun(run, checkpoint === undefined ? {} : { checkpoint });
    const { height, width } = network.record.image;
    const progress = dataProgress(terminal);
    const data = await openAnomalyData({
      name,
      seed,
      imageSize: [height, width],
      onProgress: progress.update,
      ...(testLimit === undefined ? {} : { testLimit }),
      ...(limit === undefined ? {} : { limit }),
      ...(dataDir === undefined ? {} : { dataDir }),
    }).finally(progress.end);
    if (allClasses) {
      if (data.kind === 'defects') throw combinationError('--all-classes', 'needs', 'a dataset with classes');
      const all: OneClassScores[] = [];
      for await (const scores of oneClassScores(network, data, { ...options, limit })) {
        all.push(scores);
        terminal.record({ type: 'one-class', ...scores });
      }
      const mean = meanAuroc(all);
      terminal.record({ type: 'one-class-mean', classes: all.length, imageAuroc: mean });
      const rows = all.map((each) => [each.class, percent(each.imageAuroc)]);
      terminal.line(table([['normal', 'AUROC'], ...rows, ['mean', percent(mean)]], new Set([1])));
      return;
    }
    const { images, samples } = normalImages(data, normal, limit);
    const model = await fitAnomalyModel(network, images, { ...options, samples, normal });
    await model.save(out);
    const { fitted, heldOut, threshold } = model.settings;
    terminal.record({ type: 'anomaly-model', file: out, method: model.method, fitted, heldOut, threshold });
    terminal.line(`${model.method} of ${counted(fitted, 'normal image')}, threshold ${threshold.toPrecision(4)}`);
    terminal.line(`written: ${out}`);
  },
});

const score = defineCommand({
  name: 'score',
  description: 'How anomalous image files are, with heat maps.',
  alsoCalled: ['predict'],
  arguments: [file, argument('<image...>', 'images of any size, folders of them, patterns, or - for standard input')],
  options: [option('--out <folder>', 'folder for heat maps, NAME.anomaly.png (default: none are written)')],
  async action([path, files], { out }, terminal) {
    const { openAnomalyModel, scoreFiles } = await import('../../index.js');
    const model = await openAnomalyModel(path);
    let [answered, unreadable] = [0, 0];
    for await (const result of scoreFiles(model, { files, out })) {
      if ('error' in result) {
        unreadable += 1;
        tellError(terminal, result.error);
        continue;
      }
      answered += 1;
      const { score, anomalous, written } = result;
      terminal.record({ type: 'anomaly', ...result, threshold: model.threshold });
      const what = `${anomalous ? 'anomalous' : 'normal'}  ${score.toPrecision(4)}`;
      terminal.line(`${what}  ${result.file}${written === undefined ? '' : `  written: ${written}`}`);
    }
    model.dispose();
    if (unreadable > 0) {
      const found = `${unreadable} of ${counted(answered + unreadable, 'image')} that cannot be read, named above`;
      throw new ConvoyError('CONVOY_DATA', `Expected images but found ${found}`);
    }
  },
});

const evaluate = defineCommand({
  name: 'evaluate',
  description: 'Areas under the ROC curve on a test split: of images, and of pixels where there are masks of defects.',
  alsoCalled: ['test', 'eval'],
  arguments: [file, dataset],
  options: [normal, testLimit, seedOrZero, dataDir],
  async action([path, name], { normal, testLimit, seed, dataDir }, terminal) {
    const { evaluateClasses, evaluateDefects, openAnomalyData, openAnomalyModel } = await import('../../index.js');
    const model = await openAnomalyModel(path);
    const { height, width } = model.image;
    const progress = dataProgress(terminal);
    const data = await openAnomalyData({
      name,
      seed,
      imageSize: [height, width],
      onProgress: progress.update,
      ...(testLimit === undefined ? {} : { testLimit }),
      ...(dataDir === undefined ? {} : { dataDir }),
    }).finally(progress.end);
    const known = normal ?? model.settings.normal;
    if (data.kind === 'classes' && known === undefined)
      throw combinationError(name, 'needs', `--normal CLASS: ${data.test.classes.join(', ')}`);
    const scores =
      data.kind === 'defects'
        ? await evaluateDefects(model, data.test)
        : await evaluateClasses(model, data.test, known ?? '');
    model.dispose();
    terminal.record({ type: 'anomaly-evaluation', ...scores });
    terminal.line(report(scores));
  },
});

function report({ normal, anomalous, imageAuroc, falseAlarms, found, ...ofPixels }: AnomalyEvaluation): string {
  const { pixelAuroc, regionOverlap } = ofPixels;
  const rows = [
    ['images', `${normal} normal, ${anomalous} anomalous`],
    ['image AUROC', percent(imageAuroc)],
    ['anomalies above the threshold', percent(found)],
    ['normal images above it', percent(falseAlarms)],
    ...(pixelAuroc === undefined ? [] : [['pixel AUROC', percent(pixelAuroc)]]),
    ...(regionOverlap === undefined ? [] : [['overlap per region (PRO)', percent(regionOverlap)]]),
  ];
  return table(rows);
}

export const anomaly = defineCommand({
  name: 'anomaly',
  description:
    'Finds what is unlike normal images, on the features of a trained run: PaDiM, PatchCore, rebuilt images.',
  alsoCalled: ['anomalies', 'outliers', 'padim', 'patchcore'],
  commands: [fit, score, evaluate],
});
