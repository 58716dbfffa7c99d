/** Scenes of drawn shapes, the ten kinds of the dataset `shapes`. */
import { RandomStream } from '../../base/random.js';
import { shapeOutlines } from '../formats/shape-kinds.js';
import { roughNormal } from '../rough-normal.js';
import { contoursOf, pixelsInside, placeContours } from './outline.js';
import { Layers, type Scene } from './scene.js';

/** How scenes are drawn. */
export interface ShapeSceneOptions {
  /** Pixels; 96 by default. */
  readonly height?: number;
  readonly width?: number;
  /** Fewest and most objects, up to 255; 1 to 5 by default. Where there is no place for all of them a scene has fewer, at least one. */
  readonly least?: number;
  readonly most?: number;
  /** Largest standard deviation of the pixel noise, levels; each scene draws its own up to this. 16 by default. */
  readonly noise?: number;
}

/** Radius of the unit circle that a kind is drawn in, shares of the scene's shorter side: 9 to 24 of 96 pixels. */
const radius = { least: 9 / 96, most: 24 / 96 };
/** Largest turn to either side, degrees: as in `shapes`, so that kinds stay apart. */
const mostTurn = 30;
/** The ground is dark and shapes are light: levels of a channel. */
const groundLevels = { least: 0, most: 110 };
const shapeLevels = { least: 130, most: 255 };
/** An object shows at least this much of itself. */
const mostHidden = 0.5;
/** Places that are tried for an object. */
const tries = 30;

type Colour = readonly [number, number, number];

const outlines = shapeOutlines.map(contoursOf);

/**
 * Draws a scene: a pure function of seed, part and index; `part` keeps splits apart. Edges are not blended: a pixel shows the
 * topmost object whose outline its centre is in, so boxes and masks are exact. Classes are those of `shapes`.
 *
 * @returns a scene of 3 channels.
 */
export function drawShapeScene(seed: number, part: number, index: number, options: ShapeSceneOptions = {}): Scene {
  const { height = 96, width = 96, least = 1, most = 5, noise = 16 } = options;
  const stream = new RandomStream(seed, 'scenes', part, index);
  const between = (low: number, high: number): number => low + (high - low) * stream.uniform();
  const colours: Colour[] = [randomColour(stream, groundLevels), randomColour(stream, groundLevels)];
  const lean = [between(0, height), between(0, height)] as const;
  const layers = new Layers({ height, width, mostHidden });
  const wanted = least + stream.below(most - least + 1);
  for (let object = 0; object < wanted; object++) {
    const kind = stream.below(outlines.length);
    for (let attempt = 0; attempt < tries; attempt++) {
      const size = Math.min(height, width) * between(radius.least, radius.most);
      const place = { size, stretch: between(0.85, 1), turn: between(-mostTurn, mostTurn) };
      const [x, y] = [between(size, width - size), between(size, height - size)];
      const pixels = pixelsInside(placeContours(outlines[kind] ?? [], { ...place, x, y }), height, width);
      if (!layers.add(pixels, kind)) continue;
      colours.push(randomColour(stream, shapeLevels));
      break;
    }
  }
  const pixels = new Uint8Array(height * width * 3);
  const deviation = stream.uniform() * noise;
  layers.instances.forEach((object, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const ground = y < lean[0] + ((lean[1] - lean[0]) * x) / width ? 0 : 1;
    const colour = colours[object === 0 ? ground : object + 1] as Colour;
    for (const [channel, level] of colour.entries()) {
      pixels[pixel * 3 + channel] = Math.max(
        0,
        Math.min(255, Math.round(level + deviation * roughNormal(stream.uint32()))),
      );
    }
  });
  return { height, width, channels: 3, pixels, instances: layers.instances, ...layers.objects() };
}

function randomColour(
  stream: RandomStream,
  { least, most }: { readonly least: number; readonly most: number },
): Colour {
  const level = (): number => least + stream.below(most - least + 1);
  return [level(), level(), level()];
}
