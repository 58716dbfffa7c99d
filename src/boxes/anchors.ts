/** Boxes and points that a detector predicts offsets from, for every cell of a feature map. */

/** Rows and columns of a feature map. */
export interface GridSize {
  readonly height: number;
  readonly width: number;
}

/** Half to even, as PyTorch rounds. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/**
 * Anchors of one cell around the origin, rounded to whole pixels, as torchvision's `AnchorGenerator.generate_anchors`:
 * for each ratio every size.
 *
 * @param sizes square roots of the areas, pixels.
 * @param aspectRatios height over width.
 * @returns [ratios x sizes, 4], `xyxy`.
 */
export function cellAnchors(sizes: readonly number[], aspectRatios: readonly number[]): Float32Array {
  const { fround } = Math;
  const boxes = aspectRatios.flatMap((ratio) => {
    const high = fround(Math.sqrt(fround(ratio)));
    const wide = fround(1 / high);
    return sizes.flatMap((size) => {
      const x = roundHalfEven(fround(wide * size) / 2);
      const y = roundHalfEven(fround(high * size) / 2);
      return [-x, -y, x, y];
    });
  });
  return Float32Array.from(boxes);
}

/**
 * Anchors of every cell of a feature map, row by row, as torchvision's `AnchorGenerator.grid_anchors`: the cell's left upper
 * corner is the centre.
 *
 * @param cell [k, 4], `xyxy` around the origin (`cellAnchors`).
 * @param stride pixels of the image between cells: height, width.
 * @returns [height x width x k, 4], `xyxy`, pixels of the image.
 */
export function gridAnchors(
  cell: Float32Array,
  { height, width }: GridSize,
  [down, right]: readonly [number, number],
): Float32Array {
  const result = new Float32Array(height * width * cell.length);
  for (let at = 0; at < height * width; at++) {
    const x = (at % width) * right;
    const y = Math.floor(at / width) * down;
    for (let i = 0; i < cell.length; i++) result[at * cell.length + i] = (cell[i] as number) + (i % 2 === 0 ? x : y);
  }
  return result;
}

/**
 * Centres of the cells of a feature map, row by row: the points of detectors without anchors (FCOS, YOLOX).
 *
 * @param stride pixels of the image between cells: height, width.
 * @returns [height x width, 2]: x, y, pixels of the image.
 */
export function gridPoints({ height, width }: GridSize, [down, right]: readonly [number, number]): Float32Array {
  const result = new Float32Array(height * width * 2);
  for (let at = 0; at < height * width; at++) {
    result[at * 2] = ((at % width) + 0.5) * right;
    result[at * 2 + 1] = (Math.floor(at / width) + 0.5) * down;
  }
  return result;
}

/** Default boxes of SSD. */
export interface DefaultBoxOptions {
  /** Of each feature map: ratios besides 1, width over height; each stands for its inverse too. */
  readonly aspectRatios: readonly (readonly number[])[];
  /** Scale of each feature map, and one more; shares of the image's side. Evenly from `least` to `most`, then 1, by default. */
  readonly scales?: readonly number[];
  readonly least?: number;
  readonly most?: number;
  /** Cut sizes to the image; true by default. */
  readonly clip?: boolean;
}

/**
 * Default boxes of SSD for all feature maps, as torchvision's `DefaultBoxGenerator` (Liu et al. 2016, section 2.2): at each
 * cell's centre two squares, then each ratio and its inverse.
 *
 * @param grids sizes of the feature maps, in the order of `aspectRatios`.
 * @param image size of the image, pixels.
 * @returns [boxes, 4], `xyxy`, pixels of the image.
 */
export function defaultBoxes(options: DefaultBoxOptions, grids: readonly GridSize[], image: GridSize): Float32Array {
  const { aspectRatios, scales = evenScales(aspectRatios.length, options), clip = true } = options;
  const boxes = grids.flatMap(({ height, width }, map) => {
    const sizes = defaultSizes(
      aspectRatios[map] as readonly number[],
      scales[map] as number,
      scales[map + 1] as number,
    );
    return Array.from({ length: height * width }, (_, at) => {
      const x = ((at % width) + 0.5) / width;
      const y = (Math.floor(at / width) + 0.5) / height;
      return sizes.flatMap(([wide, high]) => {
        const w = clip ? Math.min(1, wide) : wide;
        const h = clip ? Math.min(1, high) : high;
        const [left, right] = [(x - 0.5 * w) * image.width, (x + 0.5 * w) * image.width];
        return [left, (y - 0.5 * h) * image.height, right, (y + 0.5 * h) * image.height];
      });
    }).flat();
  });
  return Float32Array.from(boxes);
}

function evenScales(maps: number, { least = 0.15, most = 0.9 }: DefaultBoxOptions): number[] {
  if (maps === 1) return [least, most];
  return [...Array.from({ length: maps }, (_, k) => least + ((most - least) * k) / (maps - 1)), 1];
}

function defaultSizes(ratios: readonly number[], scale: number, next: number): [number, number][] {
  const between = Math.sqrt(scale * next);
  const others = ratios.flatMap((ratio): [number, number][] => {
    const root = Math.sqrt(ratio);
    return [
      [scale * root, scale / root],
      [scale / root, scale * root],
    ];
  });
  return [[scale, scale], [between, between], ...others];
}
