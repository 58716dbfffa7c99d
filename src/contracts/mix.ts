/**
 * What is fed under the role `mix`, float32 [8]; every sample is mixed with its mirror image in the shard (sample i with
 * sample count - 1 - i).
 */
export const mixPlaces = {
  /** The sample's own share of its loss. */
  share: 0,
  /** The sample's own share of a pixel outside the box. */
  outside: 1,
  /** The sample's own share of a pixel inside the box. */
  inside: 2,
  /** The box: rows from `top` until before `bottom`, columns from `left` until before `right`. */
  top: 3,
  bottom: 4,
  left: 5,
  right: 6,
} as const;

/** Numbers that are fed. */
export const mixLength = 8;
