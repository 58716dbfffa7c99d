/** Scenes: made images of several objects, whose boxes and masks are known to the pixel. */

/** A scene and the objects in it. */
export interface Scene {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** [height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array;
  /** [height, width], the object that a pixel shows: 0 for the ground, else its number from 1. */
  readonly instances: Uint8Array;
  /** [objects], class of each object. */
  readonly classes: Uint8Array;
  /** [objects, 4], `xyxy` in pixels, half-open: tight around the pixels that show the object. */
  readonly boxes: Float32Array;
}

/** Class of each pixel of a scene, [height, width]: 0 for the ground, else the object's class + 1. */
export function sceneMask({ instances, classes }: Scene): Uint8Array {
  return instances.map((object) => (object === 0 ? 0 : (classes[object - 1] as number) + 1));
}

/** How objects may lie upon each other. */
export interface LayerRules {
  readonly height: number;
  readonly width: number;
  /** Largest share of an object's pixels that others may hide. */
  readonly mostHidden: number;
}

/** Objects one above the other, the last on top. */
export class Layers {
  readonly instances: Uint8Array;
  readonly #rules: LayerRules;
  /** Of each object: pixels it had, pixels that still show it, class. */
  readonly #whole: number[] = [];
  readonly #shown: number[] = [];
  readonly #classes: number[] = [];

  constructor(rules: LayerRules) {
    this.#rules = rules;
    this.instances = new Uint8Array(rules.height * rules.width);
  }

  /**
   * Puts an object on top, unless it would hide too much of another.
   *
   * @param pixels places in the scene that show the object.
   * @returns whether it was put there.
   */
  add(pixels: readonly number[], classIndex: number): boolean {
    const hidden = new Map<number, number>();
    for (const pixel of pixels) {
      const below = this.instances[pixel] as number;
      if (below > 0) hidden.set(below, (hidden.get(below) ?? 0) + 1);
    }
    const left = ([object, count]: readonly [number, number]): number => (this.#shown[object - 1] as number) - count;
    const least = (object: number): number => (this.#whole[object - 1] as number) * (1 - this.#rules.mostHidden);
    if (pixels.length === 0 || [...hidden].some((item) => left(item) < least(item[0]))) return false;
    for (const item of hidden) this.#shown[item[0] - 1] = left(item);
    this.#whole.push(pixels.length);
    this.#shown.push(pixels.length);
    this.#classes.push(classIndex);
    for (const pixel of pixels) this.instances[pixel] = this.#whole.length;
    return true;
  }

  /** Classes and boxes of the objects. */
  objects(): Pick<Scene, 'classes' | 'boxes'> {
    const { width } = this.#rules;
    const boxes = new Float32Array(this.#classes.length * 4).fill(Number.POSITIVE_INFINITY);
    for (let object = 0; object < this.#classes.length; object++) boxes.fill(0, object * 4 + 2, object * 4 + 4);
    this.instances.forEach((object, pixel) => {
      if (object === 0) return;
      const at = (object - 1) * 4;
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      boxes[at] = Math.min(boxes[at] as number, x);
      boxes[at + 1] = Math.min(boxes[at + 1] as number, y);
      boxes[at + 2] = Math.max(boxes[at + 2] as number, x + 1);
      boxes[at + 3] = Math.max(boxes[at + 3] as number, y + 1);
    });
    return { classes: Uint8Array.from(this.#classes), boxes };
  }
}
