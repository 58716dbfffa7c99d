import { boxLength, imageBytes } from '../../src/contracts/index.js';
import type { StageSetup } from './messages.js';
import { Renderer } from './renderer.js';
import { windowSizes } from './windows.js';

interface VersionsOptions extends Pick<StageSetup, 'dataset' | 'seed' | 'transforms'> {
  /** Those of as many epochs; 0 for the samples alone. */
  readonly versions: number;
}

/** Images behind each other, with the masks or boxes of a dataset that has them. */
interface RenderedVersion {
  readonly pixels: Uint8Array;
  readonly masks?: Uint8Array;
  /** [samples, capacity, 6] */
  readonly boxes?: Float32Array;
}

/**
 * Pixels of samples: as they are, then what the transforms make of them in one epoch after the other.
 *
 * @returns 1 + versions arrays, each with all samples behind each other, and their masks or boxes.
 * @throws ConvoyError `CONVOY_DATA` for an image that cannot be decoded.
 */
export async function renderVersions(chosen: Uint32Array, options: VersionsOptions): Promise<RenderedVersion[]> {
  const { dataset, seed, transforms, versions } = options;
  const setup = { dataset, seed };
  const plain = new Renderer({ ...setup, transforms: [] });
  const augmented = new Renderer({ ...setup, transforms });
  const windowSize = Math.min(windowSizes(dataset, []).windowSize, windowSizes(dataset, transforms).windowSize);
  const { height, width } = dataset.shape;
  const render = async (renderer: Renderer, epoch: number): Promise<RenderedVersion> => {
    const pixels = new Uint8Array(chosen.length * imageBytes(dataset.shape));
    const masks = dataset.targets.kind === 'masks' ? new Uint8Array(chosen.length * height * width) : undefined;
    const rows = dataset.targets.kind === 'boxes' ? dataset.targets.capacity * boxLength : 0;
    const boxes = rows === 0 ? undefined : new Float32Array(chosen.length * rows);
    for (let start = 0; start < chosen.length; start += windowSize) {
      const samples = chosen.slice(start, start + windowSize);
      const own = pixels.subarray(start * imageBytes(dataset.shape));
      await renderer.render(epoch, start / windowSize, samples, {
        pixels: own,
        masks: masks?.subarray(start * height * width),
        boxes: boxes?.subarray(start * rows),
      });
    }
    return { pixels, ...(masks && { masks }), ...(boxes && { boxes }) };
  };
  const columns = [await render(plain, 0)];
  for (let version = 0; version < versions; version++) columns.push(await render(augmented, version));
  return columns;
}
