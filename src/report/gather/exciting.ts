import { layerOutputs } from '../../analysis/index.js';
import { tf } from '../../base/tf.js';
import { drawByClass } from '../../data/index.js';
import type { Runtime } from '../../runtime/index.js';
import { networkInput, picturesOf, testPixels } from '../../tools/index.js';
import type { LooksReport } from '../types.js';
import { sheetOf } from './sheet.js';
import { spread } from './spread.js';

const most = { images: 400, layers: 5, channels: 8, shown: 8 } as const;

/** For channels of some convolutions, the test images that excite them most. */
export async function excitingImages(runtime: Runtime): Promise<Pick<LooksReport, 'exciting' | 'excitingSheet'>> {
  const { model, datasets, config, layout, spec } = runtime;
  const layers = spread(
    model.layers.filter((layer) => layer.weights.some(({ shape }) => shape.length === 4)),
    most.layers,
  );
  if (layers.length === 0) return { exciting: [] };
  const samples = drawByClass(datasets.test, most.images, config.seed);
  const pixels = await testPixels(runtime, samples);
  const step = layout.capacity * layout.imageBytes;
  const places = new Map<number, number>();
  const exciting: LooksReport['exciting'][number][] = [];
  for (const { name: layer } of layers) {
    const rows: number[][] = [];
    for (let start = 0; start < pixels.length; start += step) {
      const largest = tf.tidy(() => {
        const output = layerOutputs(model, layer, networkInput(spec, pixels.subarray(start, start + step)));
        return output.reshape([output.shape[0] ?? 0, -1, output.shape.at(-1) ?? 1]).max(1);
      });
      rows.push(...((await largest.array()) as number[][]));
      largest.dispose();
    }
    for (let channel = 0; channel < Math.min(most.channels, rows[0]?.length ?? 0); channel++) {
      const value = (index: number): number => rows[index]?.[channel] ?? 0;
      const least = rows.reduce((low, row) => Math.min(low, row[channel] ?? 0), Number.POSITIVE_INFINITY);
      const best = [...rows.keys()]
        .sort((a, b) => value(b) - value(a))
        .slice(0, most.shown)
        .filter((index) => value(index) > least);
      exciting.push({
        layer,
        channel,
        best: best.map((index) => {
          const place = places.get(index) ?? places.size;
          places.set(index, place);
          return [place, Number(value(index).toPrecision(4))];
        }),
      });
    }
  }
  const pictures = picturesOf(pixels, datasets.test, () => '');
  const chosen = [...places.keys()].flatMap((index) => pictures.slice(index, index + 1));
  return { exciting, excitingSheet: await sheetOf(chosen) };
}
