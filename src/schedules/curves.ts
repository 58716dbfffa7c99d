/** Half a cosine from `from` to `to` as `part` goes from 0 to 1. */
export function cosineBetween(from: number, to: number, part: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * part))) / 2;
}

export function linearBetween(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}
