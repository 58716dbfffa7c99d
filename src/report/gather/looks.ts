import { activationPictures, pca, project } from '../../analysis/index.js';
import type { Picture } from '../../base/picture.js';
import { type LayersModel, type Tensor, tf } from '../../base/tf.js';
import { drawByClass } from '../../data/index.js';
import { activations, gradCam, gradCamPlusPlus, type Maps, occlusion, saliency } from '../../explain/index.js';
import type { Runtime } from '../../runtime/index.js';
import { networkInput, picturesOf, testFeatures, testPixels } from '../../tools/index.js';
import type { LooksReport, MapReport, ProjectionReport } from '../types.js';
import { excitingImages } from './exciting.js';
import { type Outputs, rounded, sampleReport } from './outputs.js';
import { packScaled, pictureUri, rangeOf, sheetOf } from './sheet.js';
import { spread } from './spread.js';

/** What a page of some megabytes has room for. */
const most = {
  images: 6,
  activationImages: 3,
  layers: 20,
  maps: 16,
  mapSide: 48,
  imageSide: 224,
  projected: 600,
} as const;

/** What the network looks at: class maps, activations, features. */
export async function looksReport(runtime: Runtime, outputs: Outputs): Promise<Omit<LooksReport, 'augmented'>> {
  const { model, spec, config } = runtime;
  const { dataset } = outputs;
  const samples = drawByClass(dataset, most.images, config.seed);
  const pixels = await testPixels(runtime, samples);
  const pictures = picturesOf(pixels, dataset, () => '');
  const images = await Promise.all(
    pictures.map(async (picture, index) => ({
      ...sampleReport(outputs, samples[index] ?? 0),
      uri: await pictureUri(picture, most.imageSide),
    })),
  );
  const input = tf.tidy(() => networkInput(spec, pixels));
  try {
    const layer = lastConvolution(model);
    return {
      images,
      gradCamLayer: layer ?? null,
      maps: await mapsOf(model, input, layer),
      activations: await activationsOf(model, input),
      ...(await excitingImages(runtime)),
      ...(await projectionsOf(runtime)),
    };
  } finally {
    input.dispose();
  }
}

/** The last layer with a kernel of four axes: where Grad-CAM looks. */
function lastConvolution(model: LayersModel): string | undefined {
  return model.layers.findLast(
    ({ weights, outputShape }) => weights.some(({ shape }) => shape.length === 4) && outputShape.length === 4,
  )?.name;
}

async function mapsOf(model: LayersModel, input: Tensor, layer: string | undefined): Promise<MapReport[]> {
  const found: (readonly [MapReport['kind'], Maps])[] = [];
  if (layer !== undefined) {
    found.push(['grad-cam', await gradCam(model, input, { layer })]);
    found.push(['grad-cam++', await gradCamPlusPlus(model, input, { layer })]);
  }
  found.push(['saliency', await saliency(model, input)], ['occlusion', await occlusion(model, input)]);
  return found.flatMap(([kind, { values, shape, classes }]) => {
    const [count, height, width] = shape;
    const each = height * width;
    return Array.from({ length: count }, (_, image): MapReport => {
      const own = values.subarray(image * each, (image + 1) * each);
      const { low, high } = rangeOf(own);
      // Occlusion has values on both sides of 0, which stays in the middle of the scale.
      const far = Math.max(Math.abs(low), Math.abs(high));
      const range = kind === 'occlusion' ? { low: -far, high: far } : { low: 0, high };
      return {
        kind,
        image,
        label: classes[image] ?? 0,
        low: rounded(range.low),
        high: rounded(range.high),
        values: packScaled(own, [height, width], range.low, range.high),
      };
    });
  });
}

async function activationsOf(model: LayersModel, input: Tensor): Promise<LooksReport['activations']> {
  const skipped = new Set(['InputLayer', 'Dropout', 'SpatialDropout2D', 'Identity']);
  const layers = spread(
    model.layers.filter((layer) => layer.outputShape.length === 4 && !skipped.has(layer.getClassName())),
    most.layers,
  ).map(({ name }) => name);
  const shown = input.slice(0, Math.min(most.activationImages, input.shape[0] ?? 0));
  try {
    const found: LooksReport['activations'][number][] = [];
    for (const name of layers) {
      const [own] = await activations(model, shown, [name]);
      if (own === undefined) continue;
      const [count = 0, height = 1, width = 1, channels = 1] = own.shape;
      const each = height * width * channels;
      for (let image = 0; image < count; image++) {
        const values = own.values.subarray(image * each, (image + 1) * each);
        const pictures: Picture[] = activationPictures(values, [height, width, channels]).slice(0, most.maps);
        const sheet = await sheetOf(pictures, most.mapSide);
        found.push({ layer: name, image, shape: [height, width, channels], sheet });
      }
    }
    return found;
  } finally {
    shown.dispose();
  }
}

async function projectionsOf(
  runtime: Runtime,
): Promise<Pick<LooksReport, 'projections' | 'projectedSheet' | 'projectedLabels'>> {
  const { test } = runtime.datasets;
  if (test.targets.kind !== 'classes' || test.count < 4) return { projections: [], projectedLabels: [] };
  const { points, labels, pixels } = await testFeatures(runtime, most.projected);
  const pairs = (map: Float64Array) =>
    Array.from(labels, (_, i) => [rounded(map[2 * i] ?? 0), rounded(map[2 * i + 1] ?? 0)] as const);
  const projections: ProjectionReport[] = [];
  if (points.dimensions >= 2) {
    const { projection, explainedVarianceRatio } = pca(points, 2);
    const axis = (i: number) =>
      `component ${i + 1} (${(100 * (explainedVarianceRatio[i] ?? 0)).toFixed(1)}% of variance)`;
    projections.push({ method: 'pca', points: pairs(projection), axes: [axis(0), axis(1)] });
  }
  projections.push({ method: 'tsne', points: pairs(await project(points, 'tsne')), axes: ['', ''] });
  return {
    projections,
    projectedSheet: await sheetOf(
      picturesOf(pixels, test, () => ''),
      32,
    ),
    projectedLabels: [...labels],
  };
}
