/** An image in memory, for grids of images. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** Row by row, channels last, 0 to 255. */
  readonly pixels: Uint8Array;
  /** Written below it. */
  readonly label?: string;
}
