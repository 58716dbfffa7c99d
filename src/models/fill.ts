import type { RandomStream } from '../base/random.js';

/** Numbers of inputs and outputs one unit of a kernel sees, as Keras counts them: [...receptive field, in, out]. */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    const size = shape[0] ?? 1;
    return { fanIn: size, fanOut: size };
  }
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { fanIn: field * (shape.at(-2) ?? 1), fanOut: field * (shape.at(-1) ?? 1) };
}

/** Every value the same. */
export function fillConstant(values: Float32Array, value: number): void {
  values.fill(value);
}

/** Uniform in [minimum, maximum). */
export function fillUniform(values: Float32Array, stream: RandomStream, minimum: number, maximum: number): void {
  const step = (maximum - minimum) / 0x1_0000_0000; // 32 bits are more than a float32 keeps
  for (let i = 0; i < values.length; i++) values[i] = minimum + stream.uint32() * step;
}

/** Normal. */
export function fillNormal(values: Float32Array, stream: RandomStream, mean: number, deviation: number): void {
  const normals = new Normals(stream);
  for (let i = 0; i < values.length; i++) values[i] = mean + deviation * normals.next();
}

/** Normal, drawn again beyond two standard deviations. */
export function fillTruncatedNormal(values: Float32Array, stream: RandomStream, mean: number, deviation: number): void {
  const normals = new Normals(stream);
  for (let i = 0; i < values.length; i++) {
    let normal = normals.next();
    while (Math.abs(normal) > 2) normal = normals.next();
    values[i] = mean + deviation * normal;
  }
}

/** Orthonormal rows or columns, whichever are fewer, of the matrix [product of leading sizes, last size]. */
export function fillOrthogonal(
  values: Float32Array,
  stream: RandomStream,
  shape: readonly number[],
  gain: number,
): void {
  const columns = shape.at(-1) ?? 1;
  const rows = values.length / columns;
  const vectors = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const normals = new Normals(stream);
  const basis: Float64Array[] = [];
  while (basis.length < vectors) {
    const vector = Float64Array.from({ length }, () => normals.next());
    // Gram-Schmidt, twice, since once loses orthogonality to rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const along = dot(vector, other);
        for (let i = 0; i < length; i++) vector[i] = (vector[i] as number) - along * (other[i] as number);
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = rows > columns ? basis[column]?.[row] : basis[row]?.[column];
      values[row * columns + column] = gain * (value ?? 0);
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Standard normal numbers by Marsaglia's polar method, which gives pairs: no cosine, and twice as quick as Box-Muller. */
class Normals {
  readonly #stream: RandomStream;
  #spare = Number.NaN;

  constructor(stream: RandomStream) {
    this.#stream = stream;
  }

  next(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = this.#stream.uint32() / 0x8000_0000 - 1;
      const v = this.#stream.uint32() / 0x8000_0000 - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * factor;
      return u * factor;
    }
  }
}
