// Squares of numbers, turned.
#pragma once
#include "vectors.h"

namespace convoy {
namespace {

/** Exchanges what lies `half` rows below with what lies `half` lanes to the right, in squares of twice that size. */
template <int half>
inline void exchange(Integers (&square)[lanes]) {
  Integers upper, lower;
  for (int lane = 0; lane < lanes; lane++) {
    upper[lane] = lane & half ? lanes + lane - half : lane;
    lower[lane] = lane & half ? lanes + lane : lane + half;
  }
  CONVOY_UNROLL
  for (int row = 0; row < lanes; row++) {
    if (row & half) continue;
    const Integers above = square[row], below = square[row + half];
    square[row] = __builtin_shuffle(above, below, upper);
    square[row + half] = __builtin_shuffle(above, below, lower);
  }
}

/** Rows become columns. */
inline void transpose(Integers (&square)[lanes]) {
  exchange<1>(square);
  exchange<2>(square);
  exchange<4>(square);
#ifdef __AVX512F__
  exchange<8>(square);
#endif
}

}  // namespace
}  // namespace convoy
