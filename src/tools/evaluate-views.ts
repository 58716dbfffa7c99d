import { createGatherStage } from '../../augment/stage/index.js';
import {
  type BatchStage,
  type Dataset,
  imageBytes,
  type Split,
  type TestTimeAugmentation,
} from '../contracts/index.js';
import { batchSlot } from '../coordinator/index.js';
import { resizedDataset } from '../data/index.js';
import { classScores, probabilities } from '../models/index.js';
import { cutViews, type View, viewsOf } from '../predict/index.js';
import { openData, type Runtime, type RuntimeOptions } from '../runtime/index.js';
import { evaluateSplit } from '../training/index.js';

export interface ViewsOptions {
  readonly kind: TestTimeAugmentation;
  readonly split: Split;
  readonly dataset: Dataset;
  /** How the runtime's data were found. */
  readonly opening: Pick<RuntimeOptions, 'dataDir' | 'datasets' | 'signal' | 'onProgress' | 'onNote'>;
}

/**
 * Evaluates each view of a split's images and averages the probabilities.
 *
 * @returns mean probabilities [count, classes] in file order, and the mean of the views' losses.
 */
export async function evaluateViews(
  runtime: Runtime,
  { kind, split, dataset, opening }: ViewsOptions,
): Promise<{ readonly shares: Float32Array; readonly loss: number }> {
  const { coordinator, arena, layout, evaluationSlots: slots, spec } = runtime;
  const { whole, views } = viewsOf(kind, dataset.shape);
  const source = await sized(runtime, split, dataset, whole, opening);
  const classes = dataset.classes.length;
  const width = layout.outputLength;
  const sums = new Float64Array(dataset.count * classes);
  let losses = 0;
  for (const view of views) {
    const outputs = new Float32Array(dataset.count * width);
    const stage = viewStage(runtime, source, view);
    const onOutputs = (values: Float32Array, { position }: { readonly position: number }): void =>
      outputs.set(values, position * width);
    const { loss } = await evaluateSplit({
      stage,
      coordinator,
      arena,
      layout,
      slots,
      count: dataset.count,
      onOutputs,
    }).finally(() => stage.close());
    losses += loss;
    const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes });
    for (let start = 0; start < scores.length; start += classes) {
      for (const [label, share] of probabilities(scores.subarray(start, start + classes), fromLogits).entries())
        sums[start + label] = (sums[start + label] as number) + share;
    }
  }
  return { shares: Float32Array.from(sums, (sum) => sum / views.length), loss: losses / views.length };
}

/** The split with images of another size: decoded anew where they are files, else resized. */
async function sized(
  { config, datasets }: Runtime,
  split: Split,
  dataset: Dataset,
  { height, width }: Dataset['shape'],
  opening: ViewsOptions['opening'],
): Promise<Dataset> {
  const { shape } = dataset;
  if (height === shape.height && width === shape.width) return dataset;
  const imageSize: [number, number] = [height, width];
  if (opening.datasets === undefined) {
    const opened = (await openData({ ...opening, onNote: undefined, config: { ...config, imageSize } }))[split];
    if (opened !== undefined && opened.count === dataset.count) return opened;
  }
  const found = datasets[split] ?? dataset;
  if (found.store.kind === 'files') return { ...found, shape: { ...shape, height, width } };
  return resizedDataset(found, { imageSize });
}

/** A stage that fills the runtime's slots with one view of each image. */
function viewStage({ arena, layout, evaluationSlots }: Runtime, source: Dataset, view: View): BatchStage {
  const targets = Array.from({ length: layout.slots }, (_, slot) => batchSlot(arena, layout, slot));
  const size = imageBytes(source.shape);
  const wholes = targets.map(({ pixels, ...rest }, slot) => {
    const capacity = evaluationSlots.includes(slot) ? pixels.length / layout.imageBytes : 0;
    return { ...rest, pixels: new Uint8Array(new SharedArrayBuffer(capacity * size)) };
  });
  const inner = createGatherStage({ dataset: source, slots: wholes });
  return {
    ...(inner.immediate && { immediate: true }),
    begin: (epoch, order, from) => inner.begin(epoch, order, from),
    fill: async (request) => {
      await inner.fill(request);
      const [from, to] = [wholes[request.slot], targets[request.slot]];
      if (from !== undefined && to !== undefined)
        cutViews(from.pixels, source.shape, view, to.pixels, request.samples.length);
    },
    close: () => inner.close(),
  };
}
