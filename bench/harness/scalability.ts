/** Parameters of the Universal Scalability Law. */
export interface Scalability {
  /** Throughput of one worker. */
  readonly single: number;
  /** Share of the work that is done by one at a time. */
  readonly contention: number;
  /** Cost of agreement between pairs of workers; undefined where there are too few measurements to tell. */
  readonly coherency: number | undefined;
}

/**
 * Fits the Universal Scalability Law (Gunther 2007, "Guerrilla Capacity Planning"), X(n) = X(1) n / (1 + s (n-1) +
 * k n (n-1)), to measured [workers, throughput], the first of which is one worker. With m = n - 1 and y = n X(1) / X(n) - 1
 * it is y = (s + k) m + k m^2: least squares without an intercept, and no parameter below 0. Two points give s alone.
 */
export function fitScalability(points: readonly (readonly [number, number])[]): Scalability {
  const single = points[0]?.[1] ?? Number.NaN;
  const rest = points.slice(1).map(([n, throughput]) => ({ m: n - 1, y: (n * single) / throughput - 1 }));
  if (rest.length === 0) return { single, contention: 0, coherency: undefined };
  const sum = (term: (point: { m: number; y: number }) => number) =>
    rest.reduce((total, point) => total + term(point), 0);
  const [m2, m3, m4] = [sum(({ m }) => m ** 2), sum(({ m }) => m ** 3), sum(({ m }) => m ** 4)];
  const [my, m2y] = [sum(({ m, y }) => m * y), sum(({ m, y }) => m * m * y)];
  const alone = { single, contention: Math.max(0, my / m2) };
  if (rest.length === 1) return { ...alone, coherency: undefined };
  const coherency = (m2 * m2y - m3 * my) / (m2 * m4 - m3 * m3);
  if (coherency <= 0) return { ...alone, coherency: 0 };
  const contention = (my - coherency * m3) / m2 - coherency;
  if (contention >= 0) return { single, contention, coherency };
  // Contention at its bound: y = k (m + m^2).
  return { single, contention: 0, coherency: Math.max(0, (my + m2y) / (m2 + 2 * m3 + m4)) };
}

/** Throughput that a fit gives for a number of workers. */
export function projectThroughput({ single, contention, coherency = 0 }: Scalability, workers: number): number {
  return (single * workers) / (1 + contention * (workers - 1) + coherency * workers * (workers - 1));
}
