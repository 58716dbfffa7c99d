/**
 * The ten kinds of `shapes`, in label order (alphabetical), each as an SVG path in a unit circle around the origin.
 * Outlines are chosen so that kinds differ by form alone: any of them may appear in any size, angle and colour.
 */
const outlines = {
  arrow: 'M0-1L.8-.1H.32V1H-.32V-.1H-.8Z',
  circle: 'M-.85 0A.85.85 0 1 1 .85 0A.85.85 0 1 1-.85 0Z',
  crescent: 'M.35-.94A1 1 0 1 0 .35.94A.98.98 0 0 1 .35-.94Z',
  cross: 'M-.3-1H.3V-.3H1V.3H.3V1H-.3V.3H-1V-.3H-.3Z',
  heart: 'M0 .95C-1.5-.1-.85-1.1 0-.45C.85-1.1 1.5-.1 0 .95Z',
  ring: 'M-1 0A1 1 0 1 1 1 0A1 1 0 1 1-1 0ZM-.52 0A.52.52 0 1 0 .52 0A.52.52 0 1 0-.52 0Z',
  semicircle: 'M-1-.42H1A1 1 0 0 1-1-.42Z',
  square: 'M-.74-.74H.74V.74H-.74Z',
  star: 'M0-1L.25-.34L.95-.31L.4.13L.59.81L0 .42L-.59.81L-.4.13L-.95-.31L-.25-.34Z',
  triangle: 'M0-1L.87.5H-.87Z',
};

/** Class names of `shapes` in label order. */
export const shapeKinds: readonly string[] = Object.keys(outlines);

/** SVG path data of each kind, in label order. */
export const shapeOutlines: readonly string[] = Object.values(outlines);
