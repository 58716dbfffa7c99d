import { type ImageShape, imageBytes, type PixelBox, type TestTimeAugmentation } from '../contracts/index.js';

/** One look at an image: a part of it, mirrored or not. */
export interface View {
  /** Of the size that the network takes. */
  readonly box: PixelBox;
  /** Whether left and right are exchanged. */
  readonly mirrored: boolean;
}

/** What a network is shown of each image, whose probabilities are averaged. */
export interface Views {
  /** Size that an image is brought to before its parts are cut out. */
  readonly whole: ImageShape;
  readonly views: readonly View[];
}

/** Sides of the whole image and of the crop, as people take them for ImageNet. */
const [wholeSide, cropSide] = [256, 224];

/**
 * The views of a kind: `flip` the image and its mirror image; `five-crop` the corners (top left, top right, bottom left,
 * bottom right) and the centre of an image 256/224 as large, in torchvision's order; `ten-crop` these and those of the
 * mirror image.
 *
 * @param shape that the network takes.
 */
export function viewsOf(kind: TestTimeAugmentation, shape: ImageShape): Views {
  const { height, width } = shape;
  if (kind === 'flip') {
    const box = { left: 0, top: 0, width, height };
    return { whole: shape, views: [false, true].map((mirrored) => ({ box, mirrored })) };
  }
  const larger = (side: number): number => Math.ceil((side * wholeSide) / cropSide);
  const whole = { ...shape, height: larger(height), width: larger(width) };
  const [right, bottom] = [whole.width - width, whole.height - height];
  const places: readonly (readonly [left: number, top: number])[] = [
    [0, 0],
    [right, 0],
    [0, bottom],
    [right, bottom],
    [halfToEven(right), halfToEven(bottom)],
  ];
  const view = (mirrored: boolean) => {
    return ([left, top]: readonly [number, number]): View => ({
      // A crop of the mirror image is the mirror image of the crop on the other side.
      box: { left: mirrored ? right - left : left, top, width, height },
      mirrored,
    });
  };
  const plain = places.map(view(false));
  return { whole, views: kind === 'five-crop' ? plain : [...plain, ...places.map(view(true))] };
}

/** Half of an integer, a half rounded to the even neighbour: Python's `round`, with which torchvision centres crops. */
function halfToEven(value: number): number {
  const below = Math.floor(value / 2);
  return value % 2 === 0 ? below : below + (below % 2);
}

/** Copies a view of an image [height, width, channels] of the `whole` shape to `into`. */
export function cutView<Pixels extends Uint8Array | Float32Array>(
  image: Pixels,
  { width: from, channels }: ImageShape,
  { box, mirrored }: View,
  into: Pixels,
): void {
  const row = box.width * channels;
  for (let y = 0; y < box.height; y++) {
    const start = ((box.top + y) * from + box.left) * channels;
    if (!mirrored) {
      into.set(image.subarray(start, start + row), y * row);
      continue;
    }
    for (let x = 0; x < box.width; x++) {
      const pixel = start + (box.width - 1 - x) * channels;
      into.set(image.subarray(pixel, pixel + channels), y * row + x * channels);
    }
  }
}

/** What is done, for people: `the mean probabilities of 5 views an image: ...`. */
export function viewsInWords(kind: TestTimeAugmentation, shape: ImageShape): string {
  const { whole, views } = viewsOf(kind, shape);
  const looks = {
    flip: 'the image and its mirror image',
    'five-crop': `corners and centre of the image at ${whole.height}x${whole.width}`,
    'ten-crop': `corners and centre of the image at ${whole.height}x${whole.width}, and their mirror images`,
  };
  return `mean probabilities of ${views.length} views an image: ${looks[kind]}`;
}

/** The same view of several images, one behind the other. */
export function cutViews(images: Uint8Array, whole: ImageShape, view: View, into: Uint8Array, count: number): void {
  const [from, to] = [imageBytes(whole), view.box.width * view.box.height * whole.channels];
  for (let image = 0; image < count; image++) {
    cutView(
      images.subarray(image * from, (image + 1) * from),
      whole,
      view,
      into.subarray(image * to, (image + 1) * to),
    );
  }
}
