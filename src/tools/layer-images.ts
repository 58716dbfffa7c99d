import { activationPictures, filterPictures, layerOutputs } from '../analysis/index.js';
import { ConvoyError, choiceError, valueError } from '../base/errors.js';
import type { LayersModel, Tensor } from '../base/tf.js';

/** Pixels of a filter in its picture: a kernel of 3x3 is enlarged 21 times. */
const filterSide = 64;
const mapSide = 100;

/** Names of the layers that have a kernel of four axes. */
export function convolutions(model: LayersModel): string[] {
  return model.layers.filter(({ weights }) => weights.some(({ shape }) => shape.length === 4)).map(({ name }) => name);
}

/**
 * The filters of a convolution, PNG; of the first without a name.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a layer that is no convolution, `CONVOY_MODEL` where the model has none.
 */
export async function filters(model: LayersModel, name = convolutions(model)[0]): Promise<Buffer> {
  if (name === undefined)
    throw new ConvoyError(
      'CONVOY_MODEL',
      `Expected a convolution in ${model.name} but found none; leave out its filters`,
    );
  const layer = model.layers.find((candidate) => candidate.name === name);
  const kernel = layer?.weights.find(({ shape }) => shape.length === 4);
  if (layer === undefined || kernel === undefined)
    throw choiceError('--layer', name, { known: convolutions(model), what: 'convolution' });
  const [height = 1, width = 1, inputs = 1, outputs = 1] = kernel.shape.map((size) => size ?? 1);
  // Every channel of a depthwise convolution has filters of its own, over that channel alone.
  const depthwise = layer.getClassName() === 'DepthwiseConv2D';
  const shape = [height, width, depthwise ? 1 : inputs, depthwise ? inputs * outputs : outputs] as const;
  const { pictures, perFilter, filters: shown } = filterPictures(kernel.read().dataSync(), shape);
  const [, , channels, all] = shape;
  const { pictureGrid } = await import('../plots/index.js');
  return pictureGrid(pictures, {
    title: `Filters of ${name}: ${all} of ${height}x${width}x${channels}`,
    captions: [
      `grey is a weight of 0, white and black are the filter's largest${channels === 3 ? '; red, green, blue as in the image' : ''}`,
      ...(perFilter > 1 ? ['a row is a filter, a column one of its input channels'] : []),
      ...(shown < all || perFilter < (channels === 3 ? 1 : channels)
        ? [`the first ${shown} filters${perFilter > 1 ? ` and ${perFilter} input channels` : ''}`]
        : []),
    ],
    side: filterSide,
    ...(perFilter > 1 ? { columns: perFilter } : {}),
  });
}

/**
 * What a layer makes of an image, PNG.
 *
 * @param input one image as the network takes it.
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the model does not have, or that gives no maps.
 */
export async function activationMaps(model: LayersModel, layer: string, input: Tensor): Promise<Buffer> {
  const maps = layerOutputs(model, layer, input);
  try {
    const [, height = 1, width = 1, channels = 1] = maps.shape;
    if (maps.shape.length !== 4)
      throw valueError('--layer', 'a layer that gives maps of [height, width, channels]', layer);
    const pictures = activationPictures(await maps.data(), [height, width, channels]);
    const { pictureGrid } = await import('../plots/index.js');
    return await pictureGrid(pictures, {
      title: `Activations of ${layer}: ${channels} maps of ${height}x${width}`,
      captions: [
        'black is the smallest value of a channel, white its largest',
        ...(pictures.length < channels ? [`the first ${pictures.length} channels`] : []),
      ],
      side: mapSide,
    });
  } finally {
    maps.dispose();
  }
}
