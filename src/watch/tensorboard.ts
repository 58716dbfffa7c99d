import { join } from 'node:path';
import sharp from 'sharp';
import { renderVersions } from '../../augment/stage/index.js';
import { encodeTensorBoard } from '../../proto/tensorboard.js';
import type { LayersModel } from '../base/tf.js';
import type { EpochRecord } from '../callbacks/index.js';
import { classesOf, type Dataset, imageBytes } from '../contracts/index.js';
import { drawByClass } from '../data/index.js';
import { classScores, probabilities } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import type { Watcher } from '../training/index.js';
import { EventFile } from './event-file.js';
import { histogramLine } from './histograms.js';
import { histogram, hparams, images, type PrCounts, prCurve, scalar, text } from './summaries.js';

const splits = ['train', 'validation', 'test'] as const;
const most = { images: 16, prClasses: 20, outputs: 20_000_000 } as const;
/** TensorBoard's own number. */
const thresholds = 201;

/**
 * Writes event files for TensorBoard, as Keras's callback does: folders `train` and `validation` with the scalars
 * `epoch_loss`, `epoch_accuracy` and `epoch_learning_rate`, steps from 0. `validation` holds the validation split, or the test
 * split where there is none; with a validation split, `test` holds the test split.
 */
export function tensorBoard(folder: string): Watcher {
  const files = new Map(splits.map((split) => [split, new EventFile(join(folder, split))]));
  const file = (split: (typeof splits)[number]): EventFile => files.get(split) as EventFile;
  let runtime: Runtime | undefined;
  let curves:
    | { readonly split: Dataset['split']; readonly counts: readonly (readonly [string, PrCounts])[] }
    | undefined;
  let begun = false;
  return {
    async onStart(own) {
      runtime = own;
      if (begun) return;
      begun = true;
      const train = file('train');
      await train.graph(graphOf(own.model));
      await train.summary(0, [
        text('configuration', markdownOf(own.config)),
        hparams('experiment', { experiment: experimentOf(own) }),
        hparams('session_start_info', {
          sessionStartInfo: { hparams: settings(own), groupName: '', startTimeSecs: Date.now() / 1000 },
        }),
        await batchImages(own),
      ]);
    },
    onOutputs(dataset, outputs) {
      const wanted = runtime?.datasets.validation === undefined ? 'test' : 'validation';
      if (runtime === undefined || dataset.split !== wanted || outputs.length > most.outputs) return;
      curves = { split: dataset.split, counts: countsOf(runtime, dataset, outputs) };
    },
    async onEpochEnd(record) {
      if (runtime === undefined) return;
      const step = record.epoch - 1;
      const { weights, gradients = {} } = histogramLine(runtime, record.epoch);
      await file('train').summary(step, [
        ...scoresOf(record, 'train'),
        scalar('epoch_learning_rate', record.learningRate),
        scalar('epoch_images_per_second', record.imagesPerSecond),
        ...Object.entries(record.phases).map(([phase, seconds]) => scalar(`epoch_seconds/${phase}`, seconds)),
        ...Object.entries(weights).map(([name, own]) => histogram(`${name}/histogram`, own)),
        ...Object.entries(gradients).map(([name, own]) => histogram(`${name}/gradient/histogram`, own)),
      ]);
      const evaluated = record.validation === undefined ? 'test' : 'validation';
      await file('validation').summary(step, [
        ...scoresOf(record, evaluated),
        ...(curves?.counts ?? []).map(([name, counts]) => prCurve(`pr_curve/${name}`, counts)),
      ]);
      if (record.validation !== undefined) await file('test').summary(step, scoresOf(record, 'test'));
    },
    onEnd: () => ended(1),
    onFailure: () => (begun ? ended(2) : undefined),
  };

  function ended(status: 1 | 2): Promise<void> {
    return file('train').summary(0, [
      hparams('session_end_info', { sessionEndInfo: { status, endTimeSecs: Date.now() / 1000 } }),
    ]);
  }
}

function scoresOf(record: EpochRecord, split: (typeof splits)[number]) {
  const scores = record[split];
  if (scores === undefined) return [];
  return Object.entries(scores).map(([name, value]) => scalar(`epoch_${name.replaceAll('-', '_')}`, value));
}

/** Layers as nodes: TensorBoard groups them by the parts of their names. */
function graphOf(model: LayersModel): Uint8Array {
  const node = model.layers.map((layer) => ({
    name: layer.name,
    op: layer.getClassName(),
    input: (layer.inboundNodes.at(-1)?.inboundLayers ?? []).map(({ name }) => name),
    attr: { _output_shapes: { list: { shape: [{ dim: sizesOf(layer.outputShape).map((size) => ({ size })) }] } } },
  }));
  return encodeTensorBoard('GraphDef', { node, versions: { producer: 22 } });
}

function sizesOf(shape: unknown): number[] {
  const own = Array.isArray(shape) && Array.isArray(shape[0]) ? shape[0] : shape;
  return (own as (number | null)[]).map((size) => size ?? -1);
}

/** Options as a table. */
function markdownOf(config: object): string {
  const rows = Object.entries(config).map(([name, value]) => {
    const shown = typeof value === 'string' ? value : JSON.stringify(value);
    return `| ${name} | ${String(shown).replaceAll('|', '\\|').replaceAll('\n', ' ')} |`;
  });
  return ['| option | value |', '|---|---|', ...rows].join('\n');
}

type Setting = { readonly numberValue: number } | { readonly stringValue: string } | { readonly boolValue: boolean };

/** What people compare runs by. */
function settings({ config }: Runtime): Record<string, Setting> {
  const { model, optimizer, loss, schedule, batchSize, learningRate, epochs, precision, seed, augment } = config;
  const all = {
    model: model.name,
    optimizer: optimizer.name,
    loss: loss.name,
    schedule: schedule.name,
    batchSize,
    learningRate,
    epochs,
    precision,
    seed,
    augment: augment?.map(({ name }) => name).join(','),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, typeof value === 'number' ? { numberValue: value } : { stringValue: String(value) }]],
    ),
  );
}

function experimentOf(runtime: Runtime): object {
  return {
    name: runtime.config.model.name,
    hparamInfos: Object.entries(settings(runtime)).map(([name, value]) => ({
      name,
      type: 'numberValue' in value ? 3 : 1,
    })),
    metricInfos: ['epoch_accuracy', 'epoch_loss'].map((tag) => ({
      name: { group: 'validation', tag },
      displayName: tag.replace('epoch_', ''),
    })),
  };
}

/** Training images as the transforms make them in the first epoch. */
async function batchImages({ datasets, config }: Runtime) {
  const { train } = datasets;
  const samples = drawByClass(train, most.images, config.seed);
  const transforms = config.augment ?? [];
  const versions = transforms.length === 0 ? 0 : 1;
  const rendered = await renderVersions(samples, { dataset: train, seed: config.seed, transforms, versions });
  const pixels = rendered.at(-1)?.pixels ?? new Uint8Array();
  const { height, width, channels } = train.shape;
  const size = imageBytes(train.shape);
  const pngs = await Promise.all(
    Array.from(samples, (_, index) =>
      sharp(pixels.subarray(index * size, (index + 1) * size), {
        raw: { width, height, channels: channels === 1 ? 1 : 3 },
      })
        .png()
        .toBuffer(),
    ),
  );
  return images('train_images', pngs, width, height);
}

/** Counts at thresholds, of each class against the rest; of many classes the first. */
function countsOf({ spec, layout }: Runtime, dataset: Dataset, outputs: Float32Array): (readonly [string, PrCounts])[] {
  const { classes, count } = dataset;
  const { scores, fromLogits } = classScores(outputs, {
    loss: spec.loss,
    width: layout.outputLength,
    classes: classes.length,
  });
  const shown = classes.slice(0, most.prClasses);
  const counts = shown.map(() => ({
    truePositives: new Float32Array(thresholds),
    falsePositives: new Float32Array(thresholds),
    positives: 0,
    negatives: 0,
  }));
  for (let sample = 0; sample < count; sample++) {
    const row = probabilities(scores.subarray(sample * classes.length, (sample + 1) * classes.length), fromLogits);
    const truth = classesOf(dataset, sample);
    for (const [label, own] of counts.entries()) {
      const positive = truth.includes(label);
      if (positive) own.positives += 1;
      else own.negatives += 1;
      const bucket = Math.floor((row[label] ?? 0) * (thresholds - 1));
      const target = positive ? own.truePositives : own.falsePositives;
      target[bucket] = (target[bucket] ?? 0) + 1;
    }
  }
  // At a threshold count all scores from it on.
  for (const own of counts) {
    for (const target of [own.truePositives, own.falsePositives])
      for (let i = thresholds - 2; i >= 0; i--) target[i] = (target[i] ?? 0) + (target[i + 1] ?? 0);
  }
  return shown.map((name, label) => [name, counts[label] as PrCounts]);
}
