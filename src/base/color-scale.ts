/** Colours for values, of maps and their legends. */

type Color = readonly [red: number, green: number, blue: number];

/** Viridis (Smith and van der Walt 2015) at eight places, between which colours are mixed. */
const viridis: readonly Color[] = [
  [68, 1, 84],
  [70, 50, 127],
  [54, 92, 141],
  [39, 127, 142],
  [31, 161, 135],
  [74, 194, 109],
  [159, 218, 58],
  [253, 231, 37],
];

/** Blue for what is below the middle, white, red for what is above. */
const blueRed: readonly Color[] = [
  [33, 102, 172],
  [103, 169, 207],
  [209, 229, 240],
  [247, 247, 247],
  [253, 219, 199],
  [239, 138, 98],
  [178, 24, 43],
];

/**
 * The colour of a share from 0 to 1: viridis, which colour-blind people read too.
 *
 * @param twoSided blue, white and red instead, for values on both sides of the middle.
 */
export function scaleColor(share: number, twoSided = false): Color {
  const stops = twoSided ? blueRed : viridis;
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const low = stops[Math.floor(at)] as Color;
  const high = stops[Math.ceil(at)] as Color;
  const mix = at - Math.floor(at);
  const part = (k: 0 | 1 | 2): number => Math.round(low[k] * (1 - mix) + high[k] * mix);
  return [part(0), part(1), part(2)];
}
