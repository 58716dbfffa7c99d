// The products of Winograd's filtering: at each point a matrix of tiles times one of channels.
#pragma once
#include "simd/simd.h"
#include "taps.h"

namespace convoy {
namespace {

/** Most vectors of a product's row that are summed together, and most rows with so many: they fill the registers. */
constexpr int widestSums = CONVOY_REGISTERS >= 32 ? 4 : 2;
template <int wide>
constexpr int tallestSums = CONVOY_REGISTERS < 32 ? 6
                            : wide == 4           ? 6
                                                  : 12;

/** Vectors of the next panel, of those that are left. */
inline int panelWidth(int left) { return left >= widestSums ? widestSums : left >= 2 ? 2 : 1; }

/** Where a matrix's numbers lie: from row to row, and from one summand of a row to the next. */
struct Strides {
  size_t row, depth;
};

/** to[row][..] (+)= sum of a[row][d] b[d][..] over d below `depth`, for some rows of `wide` vectors. */
template <int rows, int wide>
void sumProducts(const float* a, Strides as, const float* b, size_t bStep, int depth, bool onTop, float* to,
                 size_t step) {
  Vector total[rows][wide] = {};
  if (onTop) {
    CONVOY_UNROLL
    for (int row = 0; row < rows; row++) {
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) total[row][v] = load(to + row * step + v * lanes);
    }
  }
  for (int d = 0; d < depth; d++, a += as.depth, b += bStep) {
    Vector value[wide];
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) value[v] = load(b + v * lanes);
    const float* at = a;
    CONVOY_UNROLL
    for (int row = 0; row < rows; row++, at = opaque(at + as.row)) {
      const Vector one = broadcast(*at);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) total[row][v] += one * value[v];
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) store(to + row * step + v * lanes, total[row][v]);
  }
}

using SumProducts = void (*)(const float*, Strides, const float*, size_t, int, bool, float*, size_t);
/** Beyond the most rows there is nothing to call. */
template <int rows, int wide>
constexpr SumProducts sumsOf = sumProducts<(rows <= tallestSums<wide> ? rows : 1), wide>;
template <int wide>
constexpr SumProducts sumsByRows[13] = {nullptr,         sumsOf<1, wide>, sumsOf<2, wide>,  sumsOf<3, wide>,
                                        sumsOf<4, wide>, sumsOf<5, wide>, sumsOf<6, wide>,  sumsOf<7, wide>,
                                        sumsOf<8, wide>, sumsOf<9, wide>, sumsOf<10, wide>, sumsOf<11, wide>,
                                        sumsOf<12, wide>};

/**
 * to[rows][vectors] (+)= a b. `panel(v)` is where b's columns from vector v on begin, and `bStep(wide)` from one of its
 * rows to the next in a panel of `wide` vectors.
 */
template <typename Panel, typename Step>
inline void multiplyMatrices(const float* a, Strides as, int rows, Panel panel, Step bStep, int depth, int vectors,
                             bool onTop, float* to, size_t step) {
  for (int v = 0, wide; v < vectors; v += wide) {
    wide = panelWidth(vectors - v);
    const SumProducts* sums = wide == 4 ? sumsByRows<widestSums> : wide == 2 ? sumsByRows<2> : sumsByRows<1>;
    const int most = wide == 4 ? tallestSums<widestSums> : tallestSums<2>;
    inTiles(rows, most, [&](int row, int count) {
      sums[count](a + row * as.row, as, panel(v), bStep(wide), depth, onTop, to + row * step + v * lanes, step);
    });
  }
}

}  // namespace
}  // namespace convoy
