/** Left, top, right, bottom of a box, pixels; right and bottom are not part of it. */
export type Sides = readonly [left: number, top: number, right: number, bottom: number];
