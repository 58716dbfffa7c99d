import test from 'ava';
import { symmetricEigen } from '../../src/analysis/index.js';
import { RandomStream } from '../../src/base/random.js';

const close = (a: number | undefined, b: number, tolerance: number): boolean =>
  Math.abs((a ?? Number.NaN) - b) <= tolerance;

test('[[2, 1], [1, 2]] has 3 along the diagonal and 1 across it', (t) => {
  const { values, vectors } = symmetricEigen([2, 1, 1, 2], 2);
  t.true(close(values[0], 3, 1e-15) && close(values[1], 1, 1e-15));
  const [[x = 0, y = 0] = [], [u = 0, v = 0] = []] = vectors.map((vector) => [...vector]);
  t.true(close(x * y, 1 / 2, 1e-15) && close(u * v, -1 / 2, 1e-15));
});

test('the second difference of n points has 2 - 2 cos(k pi / (n + 1))', (t) => {
  const size = 9;
  const matrix = Array.from({ length: size * size }, (_, at) => {
    const apart = Math.abs(Math.floor(at / size) - (at % size));
    return apart === 0 ? 2 : apart === 1 ? -1 : 0;
  });
  const { values } = symmetricEigen(matrix, size);
  for (let k = 1; k <= size; k++) t.true(close(values[size - k], 2 - 2 * Math.cos((k * Math.PI) / (size + 1)), 1e-14));
});

test('small eigenvalues beside large ones keep their digits', (t) => {
  // Determinant 1e-8 and trace 1 + 2e-8: the smaller one is det / larger = 1e-8 / (1 + 1e-8) up to 1e-24.
  const { values } = symmetricEigen([1, 1e-4, 1e-4, 2e-8], 2);
  t.true(close(values[1], 1e-8 / (1 + 1e-8), 1e-8 * 1e-7));
});

test('vectors are orthonormal and the matrix only stretches them', (t) => {
  const size = 12;
  const random = new RandomStream(1, 'test', 3);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = random.normal();
  const { values, vectors } = symmetricEigen(matrix, size);
  vectors.forEach((vector, k) => {
    for (let i = 0; i < size; i++) {
      const image = vector.reduce((sum, value, j) => sum + (matrix[i * size + j] ?? 0) * value, 0);
      t.true(close(image, (values[k] ?? 0) * (vector[i] ?? 0), 1e-13));
    }
    vectors.forEach((other, l) => {
      t.true(
        close(
          vector.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0),
          k === l ? 1 : 0,
          1e-13,
        ),
      );
    });
    if (k > 0) t.true((values[k] ?? 0) <= (values[k - 1] ?? 0));
  });
});

test('a matrix of zeros has no stretch at all', (t) => {
  t.deepEqual([...symmetricEigen(new Float64Array(9), 3).values], [0, 0, 0]);
});
