// Transposition of squares of `lanes` vectors, by exchanges of ever larger blocks.
#pragma once
#include "simd.h"

namespace convoy {
namespace {

template <int half>
inline void exchangeRows(Integers (&square)[lanes]) {
  CONVOY_UNROLL
  for (int row = 0; row < lanes; row++) {
    if ((row & half) == 0) exchange<half>(square[row], square[row + half]);
  }
}

/** Rows become columns. In squares of 2n, exchange<n> swaps the upper right block with the lower left one. */
inline void transpose(Integers (&square)[lanes]) {
  exchangeRows<1>(square);
  exchangeRows<2>(square);
  if constexpr (lanes > 4) exchangeRows<4>(square);
  if constexpr (lanes > 8) exchangeRows<8>(square);
}

}  // namespace
}  // namespace convoy
