// The vector interface with AVX-512 (F, BW and VL).
#pragma once
#include <immintrin.h>

#define CONVOY_REGISTERS 32

namespace convoy {
namespace {

constexpr int lanes = 16;

typedef float Vector __attribute__((vector_size(4 * lanes)));
typedef int32_t Integers __attribute__((vector_size(4 * lanes)));
typedef Vector UnalignedVector __attribute__((aligned(4), may_alias));

inline Vector broadcast(float value) { return (Vector)_mm512_set1_ps(value); }

inline Vector load(const float* from) { return *(const UnalignedVector*)from; }

inline void store(float* to, Vector v) { *(UnalignedVector*)to = v; }

inline Vector load(const Bfloat16* from) {
  return (Vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)from)), 16);
}

inline void store(Bfloat16* to, Vector v) {
#ifdef __AVX512BF16__
  _mm256_storeu_si256((__m256i*)to, (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
  const Integers bits = (Integers)v, odd = (bits >> 16) & 1;
  const Integers nearest = v == v ? bits + 0x7fff + odd : bits | 0x400000;
  _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16((__m512i)(nearest >> 16)));
#endif
}

inline Integers loadBytes(const uint8_t* from) {
  return (Integers)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)from));
}

inline void storeBytes(uint8_t* to, Integers v) {
  typedef uint8_t Bytes __attribute__((vector_size(lanes)));
  const Bytes bytes = __builtin_convertvector(v, Bytes);
  memcpy(to, &bytes, sizeof bytes);
}

inline Vector lookUpOfFour(const float* four, Integers index) {
  return (Vector)_mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(four)), (__m512i)index);
}

inline Integers lookUp(Integers table, Integers index) {
  return (Integers)_mm512_permutexvar_epi32((__m512i)index, (__m512i)table);
}

inline uint32_t maskOf(Integers comparison) { return _mm512_test_epi32_mask((__m512i)comparison, (__m512i)comparison); }

inline void compressStore(int32_t* to, Integers v, uint32_t mask) {
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, (__m512i)v));
}

/** Lanes of two rows that the upper and the lower one have after an exchange. */
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

template <int half>
inline void exchange(Integers& above, Integers& below) {
  const __m512i a = (__m512i)above, b = (__m512i)below;
  above = (Integers)_mm512_permutex2var_epi32(a, _mm512_load_si512(exchangeIndices<half>.upper), b);
  below = (Integers)_mm512_permutex2var_epi32(a, _mm512_load_si512(exchangeIndices<half>.lower), b);
}

constexpr int windowsAtOnce = 4;

inline void loadWindows2x2(const float* from, size_t line, float* to) {
  const __m256d upper = (__m256d)_mm256_loadu_ps(from), lower = (__m256d)_mm256_loadu_ps(from + line);
  const __m256d even = _mm256_unpacklo_pd(upper, lower), odd = _mm256_unpackhi_pd(upper, lower);
  _mm256_storeu_ps(to, (__m256)_mm256_permute2f128_pd(even, odd, 0x20));
  _mm256_storeu_ps(to + 8, (__m256)_mm256_permute2f128_pd(even, odd, 0x31));
}

}  // namespace
}  // namespace convoy
