// The transforms of Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2015). Numbers of a line are the coefficients of a polynomial; the product of two polynomials is found from their
// values at some points. A line of n inputs then meets a filter of r taps in n products and gives n - r + 1 outputs.
#pragma once
#include "simd/simd.h"

namespace convoy {
namespace {

/**
 * The points 0, +-a, +-b and infinity. a^2 = 1/2 and b^2 = 2 keep the numbers of all transforms of one size, and so the
 * rounding small; Lavin and Gray have 1 and 2, of which 4 x 4 outputs are several times less exact.
 */
struct SixPoints {
  static constexpr int count = 6;
  static constexpr float aa = 0.5f, bb = 2, a = 0.70710678118654752440f, b = 1.41421356237309504880f;

  /** Inputs to points. */
  static inline void inputs(const Vector* x, Vector* to) {
    const Vector evenA = x[4] - bb * x[2], oddA = a * (x[3] - bb * x[1]);
    const Vector evenB = x[4] - aa * x[2], oddB = b * (x[3] - aa * x[1]);
    to[0] = (x[0] + x[4]) - (aa + bb) * x[2];
    to[1] = evenA + oddA;
    to[2] = evenA - oddA;
    to[3] = evenB + oddB;
    to[4] = evenB - oddB;
    to[5] = (x[1] + x[5]) - (aa + bb) * x[3];
  }

  /** A line of taps, or of an output's gradient, to its values at the points, times what interpolation divides by. */
  template <int terms>
  static inline void values(const Vector* f, Vector* to) {
    constexpr float atA = 1 / (2 * aa * (aa - bb)), atB = 1 / (2 * bb * (bb - aa));
    Vector evenA = f[0], evenB = f[0], oddA = f[1], oddB = f[1];
    if constexpr (terms > 2) evenA += aa * f[2], evenB += bb * f[2];
    if constexpr (terms > 3) oddA += aa * f[3], oddB += bb * f[3];
    if constexpr (terms > 4) evenA += (aa * aa) * f[4], evenB += (bb * bb) * f[4];
    evenA *= atA, evenB *= atB, oddA *= atA * a, oddB *= atB * b;
    to[0] = f[0];
    to[1] = evenA + oddA;
    to[2] = evenA - oddA;
    to[3] = evenB + oddB;
    to[4] = evenB - oddB;
    to[5] = f[terms - 1];
  }

  /** Products at the points to a line of outputs, or of a filter's gradient. */
  template <int terms>
  static inline void outputs(const Vector* m, Vector* to) {
    const Vector sumA = m[1] + m[2], differenceA = m[1] - m[2], sumB = m[3] + m[4], differenceB = m[3] - m[4];
    to[0] = m[0] + (sumA + sumB);
    to[1] = a * differenceA + b * differenceB;
    if constexpr (terms > 2) to[2] = aa * sumA + bb * sumB;
    if constexpr (terms > 3) to[3] = (aa * a) * differenceA + (bb * b) * differenceB;
    if constexpr (terms > 4) to[4] = (aa * aa) * sumA + (bb * bb) * sumB;
    to[terms - 1] += m[5];
  }
};

/** The points 0, +-1 and infinity. */
struct FourPoints {
  static constexpr int count = 4;

  static inline void inputs(const Vector* x, Vector* to) {
    to[0] = x[0] - x[2];
    to[1] = x[1] + x[2];
    to[2] = x[2] - x[1];
    to[3] = x[3] - x[1];
  }

  template <int terms>
  static inline void values(const Vector* f, Vector* to) {
    Vector even = 0.5f * f[0];
    if constexpr (terms > 2) even += 0.5f * f[2];
    const Vector odd = 0.5f * f[1];
    to[0] = f[0];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = f[terms - 1];
  }

  template <int terms>
  static inline void outputs(const Vector* m, Vector* to) {
    const Vector sum = m[1] + m[2];
    to[0] = m[0] + sum;
    to[1] = m[1] - m[2];
    if constexpr (terms > 2) to[2] = sum;
    to[terms - 1] += m[3];
  }
};

/** A filter of `side` x `side` taps that is applied by its values at some points. */
template <typename Points, int side>
struct MinimalFiltering {
  using At = Points;
  static constexpr int points = Points::count, taps = side, outputs = points - side + 1;

  /** [rows][columns] to the points of both axes: `one` turns a line into `n` numbers, first along columns of the
   * square. */
  template <int rows, int n, typename One>
  static inline void bothWays(const Vector* from, Vector* to, One one) {
    Vector half[n * rows], line[rows > n ? rows : n], turned[rows > n ? rows : n];
    CONVOY_UNROLL
    for (int j = 0; j < rows; j++) {
      CONVOY_UNROLL
      for (int i = 0; i < rows; i++) line[i] = from[i * rows + j];
      one(line, turned);
      CONVOY_UNROLL
      for (int i = 0; i < n; i++) half[i * rows + j] = turned[i];
    }
    CONVOY_UNROLL
    for (int i = 0; i < n; i++) one(half + i * rows, to + i * n);
  }

  static inline void inputsToPoints(const Vector* x, Vector* to) {
    bothWays<points, points>(x, to, [](const Vector* line, Vector* out) { Points::inputs(line, out); });
  }
  template <int terms>
  static inline void valuesAtPoints(const Vector* f, Vector* to) {
    bothWays<terms, points>(f, to, [](const Vector* line, Vector* out) { Points::template values<terms>(line, out); });
  }
  template <int terms>
  static inline void pointsToOutputs(const Vector* m, Vector* to) {
    bothWays<points, terms>(m, to, [](const Vector* line, Vector* out) { Points::template outputs<terms>(line, out); });
  }
};

using ThreeByFour = MinimalFiltering<SixPoints, 3>;  // 4x4 outputs: 36 products where 144 were
using ThreeByTwo = MinimalFiltering<FourPoints, 3>;  // 2x2 outputs: 16 where 36 were
using FiveByTwo = MinimalFiltering<SixPoints, 5>;    // 2x2 outputs: 36 where 100 were

}  // namespace
}  // namespace convoy
