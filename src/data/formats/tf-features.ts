/** What the features of examples are called, and what they hold: image and label. */
import { fileError } from '../../base/errors.js';
import type { Columns } from '../options.js';
import type { Example, Feature } from '../tf-example.js';

/** Names of features that hold the image, the label as a number or text, and sizes of raw pixels; the first that is there. */
const names = {
  image: ['image/encoded', 'image', 'image_raw', 'encoded', 'img', 'png', 'jpeg', 'data'],
  label: ['image/class/label', 'label', 'labels', 'class', 'target', 'category'],
  text: ['image/class/text', 'label_name', 'class_name', 'label_text'],
  height: ['image/height', 'height', 'rows'],
  width: ['image/width', 'width', 'cols'],
  channels: ['image/channels', 'channels', 'depth'],
} as const;

/** An example's image, encoded or as pixels, and its label. */
export interface ImageExample {
  readonly image: Uint8Array;
  /** Of pixels; undefined for an encoded image. */
  readonly raw: { readonly height: number; readonly width: number; readonly channels: number } | undefined;
  /** A class's number, or its name. */
  readonly label: number | string;
}

/**
 * The image and the label of an example.
 *
 * @param named features with names of their own.
 * @throws ConvoyError `CONVOY_DATA` naming the features that there are.
 */
export function imageExample(file: string, place: string, example: Example, named: Columns = {}): ImageExample {
  const namesOf = (role: keyof typeof names): readonly string[] => {
    if (role === 'text') return named.label === undefined ? names.text : [];
    const own = named[role];
    return own === undefined ? names[role] : [own];
  };
  const find = (role: keyof typeof names): Feature | undefined =>
    namesOf(role)
      .map((name) => example.get(name))
      .find((feature) => feature !== undefined && feature.values.length > 0);
  const wrong = (expected: string): Error =>
    fileError('CONVOY_DATA', file, place, expected, `features ${describe(example)}`);
  const image = find('image');
  if (image?.kind !== 'bytes') throw wrong(`an image as bytes, called ${namesOf('image').slice(0, 4).join(', ')},`);
  const label = find('label') ?? find('text');
  if (label === undefined || label.kind === 'floats' || label.values.length !== 1) {
    throw wrong(`one label, called ${namesOf('label').slice(0, 3).join(', ')},`);
  }
  const [value] = label.values;
  const number = (role: 'height' | 'width' | 'channels'): number | undefined => {
    const feature = find(role);
    return feature?.kind === 'integers' ? feature.values[0] : undefined;
  };
  const [bytes] = image.values as readonly [Uint8Array];
  const [height, width] = [number('height'), number('width')];
  const channels = height && width ? (number('channels') ?? bytes.length / (height * width)) : 0;
  const isRaw = height !== undefined && width !== undefined && bytes.length === height * width * channels;
  return {
    image: bytes,
    raw: isRaw && (channels === 1 || channels === 3) ? { height, width, channels } : undefined,
    label: typeof value === 'number' ? value : Buffer.from(value as Uint8Array).toString('utf8'),
  };
}

function describe(example: Example): string {
  const list = [...example].map(([name, { kind, values }]) => `${name} (${values.length} ${kind})`);
  return list.length === 0 ? 'none' : list.slice(0, 12).join(', ');
}
