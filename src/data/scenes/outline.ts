/** Outlines in the path language of SVG to pixels, without blending: a pixel is inside where its centre is. */

/** A closed line of points, x and y in turn. */
export type Contour = readonly number[];

/** Straight pieces of a half circle and of a Bezier curve: at 30 pixels of radius they leave the curve by 0.01 pixel. */
const arcPieces = 120;
const curvePieces = 60;

/**
 * The contours of a path of absolute commands M, L, H, V, C, A (circles) and Z.
 *
 * @throws RangeError for another command.
 */
export function contoursOf(path: string): Contour[] {
  const contours: number[][] = [];
  let [x, y] = [0, 0];
  const to = (nextX: number, nextY: number): void => {
    [x, y] = [nextX, nextY];
    contours.at(-1)?.push(x, y);
  };
  for (const [, command, rest = ''] of path.matchAll(/([A-Z])([^A-Z]*)/g)) {
    const numbers = (rest.match(/-?(\d*\.\d+|\d+)/g) ?? []).map(Number);
    const at = (i: number): number => numbers[i] as number;
    if (command === 'M') {
      contours.push([]);
      to(at(0), at(1));
    } else if (command === 'L') to(at(0), at(1));
    else if (command === 'H') to(at(0), y);
    else if (command === 'V') to(x, at(0));
    else if (command === 'C') curve([x, y, at(0), at(1), at(2), at(3), at(4), at(5)], to);
    else if (command === 'A') arc([x, y], at(0), at(3) === 1, at(4) === 1, [at(5), at(6)], to);
    else if (command !== 'Z') throw new RangeError(`paths of M, L, H, V, C, A and Z, not ${command}`);
  }
  return contours;
}

type Line = (x: number, y: number) => void;
type Point = readonly [x: number, y: number];

/** A cubic Bezier curve by Bernstein polynomials. */
function curve(points: readonly number[], to: Line): void {
  for (let i = 1; i <= curvePieces; i++) {
    const t = i / curvePieces;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
    const sum = (axis: number): number =>
      weights.reduce((total, weight, k) => total + weight * (points[k * 2 + axis] as number), 0);
    to(sum(0), sum(1));
  }
}

/** A part of a circle between two points (SVG 2, appendix B.2.4). */
function arc(from: Point, wanted: number, large: boolean, sweep: boolean, end: Point, to: Line): void {
  const [dx, dy] = [end[0] - from[0], end[1] - from[1]];
  const chord = Math.hypot(dx, dy);
  const radius = Math.max(wanted, chord / 2);
  const height = Math.sqrt(Math.max(0, radius ** 2 - (chord / 2) ** 2)) * (large === sweep ? -1 : 1);
  const centre: Point = [
    (from[0] + end[0]) / 2 - (height * dy) / chord,
    (from[1] + end[1]) / 2 + (height * dx) / chord,
  ];
  const first = Math.atan2(from[1] - centre[1], from[0] - centre[0]);
  let turn = Math.atan2(end[1] - centre[1], end[0] - centre[0]) - first;
  if (sweep && turn < 0) turn += 2 * Math.PI;
  if (!sweep && turn > 0) turn -= 2 * Math.PI;
  const pieces = Math.ceil((arcPieces * Math.abs(turn)) / Math.PI);
  for (let i = 1; i < pieces; i++) {
    const angle = first + (turn * i) / pieces;
    to(centre[0] + radius * Math.cos(angle), centre[1] + radius * Math.sin(angle));
  }
  to(...end);
}

/** Where an outline is put: turned, stretched by height, made larger, moved. */
export interface OutlinePlace {
  readonly x: number;
  readonly y: number;
  /** Pixels for one unit. */
  readonly size: number;
  /** Height for width. */
  readonly stretch: number;
  /** Degrees, clockwise. */
  readonly turn: number;
}

/** Contours at a place, in pixels. */
export function placeContours(contours: readonly Contour[], { x, y, size, stretch, turn }: OutlinePlace): Contour[] {
  const angle = (turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return contours.map((contour) =>
    contour.map((coordinate, at) => {
      const u = size * (at % 2 === 0 ? coordinate : (contour[at - 1] as number));
      const v = size * stretch * (at % 2 === 0 ? (contour[at + 1] as number) : coordinate);
      return at % 2 === 0 ? x + u * cos - v * sin : y + u * sin + v * cos;
    }),
  );
}

/**
 * Pixels whose centres are inside contours, by the nonzero rule: the contours go round them more often in one direction.
 *
 * @returns places in an image of this size, rising.
 */
export function pixelsInside(contours: readonly Contour[], height: number, width: number): number[] {
  const pixels: number[] = [];
  const rows = contours.flatMap((contour) => contour.filter((_, at) => at % 2 === 1));
  const last = Math.min(height - 1, Math.floor(Math.max(...rows)));
  for (let row = Math.max(0, Math.floor(Math.min(...rows))); row <= last; row++) {
    const crossings = crossingsAt(contours, row + 0.5).sort((a, b) => a[0] - b[0]);
    let winding = 0;
    crossings.forEach(([x, direction], i) => {
      winding += direction;
      const next = crossings[i + 1];
      if (winding === 0 || next === undefined) return;
      const end = Math.min(width, Math.ceil(next[0] - 0.5));
      for (let column = Math.max(0, Math.ceil(x - 0.5)); column < end; column++) pixels.push(row * width + column);
    });
  }
  return pixels;
}

/** Where contours cross a horizontal line, and whether downwards (1) or upwards (-1). */
function crossingsAt(contours: readonly Contour[], y: number): [x: number, direction: number][] {
  const crossings: [number, number][] = [];
  for (const contour of contours) {
    for (let i = 0; i < contour.length; i += 2) {
      const [x1, y1] = [contour[i] as number, contour[i + 1] as number];
      const [x2, y2] = [contour[(i + 2) % contour.length] as number, contour[(i + 3) % contour.length] as number];
      if (y1 <= y === y2 <= y) continue;
      crossings.push([x1 + ((y - y1) * (x2 - x1)) / (y2 - y1), y1 <= y ? 1 : -1]);
    }
  }
  return crossings;
}
