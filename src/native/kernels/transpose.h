// Squares of numbers, turned.
#pragma once
#include "vectors.h"

namespace convoy {
namespace {

#ifdef __AVX512F__
/** Of two rows, numbers that the upper and the lower one have after an exchange. */
template <int half>
struct ExchangeIndices {
  alignas(64) int32_t upper[lanes], lower[lanes];
  constexpr ExchangeIndices() : upper(), lower() {
    for (int lane = 0; lane < lanes; lane++) {
      upper[lane] = lane & half ? lanes + lane - half : lane;
      lower[lane] = upper[lane] + half;
    }
  }
};
template <int half>
constexpr ExchangeIndices<half> exchangeIndices;
#endif

/** In squares of twice `half`, exchanges what lies right in the row above with what lies left in the row below. */
template <int half>
inline void exchange(Integers& above, Integers& below) {
#ifdef __AVX512F__
  const __m512i a = (__m512i)above, b = (__m512i)below;
  above = (Integers)_mm512_permutex2var_epi32(a, _mm512_load_si512(exchangeIndices<half>.upper), b);
  below = (Integers)_mm512_permutex2var_epi32(a, _mm512_load_si512(exchangeIndices<half>.lower), b);
#else
  const __m256i a = (__m256i)above, b = (__m256i)below;
  if (half == 1) {
    above = (Integers)_mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa);
    below = (Integers)_mm256_blend_epi32(_mm256_srli_epi64(a, 32), b, 0xaa);
  } else if (half == 2) {
    above = (Integers)_mm256_unpacklo_epi64(a, b);
    below = (Integers)_mm256_unpackhi_epi64(a, b);
  } else {
    above = (Integers)_mm256_permute2x128_si256(a, b, 0x20);
    below = (Integers)_mm256_permute2x128_si256(a, b, 0x31);
  }
#endif
}

template <int half>
inline void exchangeRows(Integers (&square)[lanes]) {
  CONVOY_UNROLL
  for (int row = 0; row < lanes; row++) {
    if ((row & half) == 0) exchange<half>(square[row], square[row + half]);
  }
}

/** Rows become columns. */
inline void transpose(Integers (&square)[lanes]) {
  exchangeRows<1>(square);
  exchangeRows<2>(square);
  exchangeRows<4>(square);
#ifdef __AVX512F__
  exchangeRows<8>(square);
#endif
}

}  // namespace
}  // namespace convoy
