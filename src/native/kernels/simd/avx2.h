// The vector interface with AVX2 and FMA.
#pragma once
#include <immintrin.h>

#define CONVOY_REGISTERS 16

namespace convoy {
namespace {

constexpr int lanes = 8;

typedef float Vector __attribute__((vector_size(4 * lanes)));
typedef int32_t Integers __attribute__((vector_size(4 * lanes)));
typedef Vector UnalignedVector __attribute__((aligned(4), may_alias));

inline Vector broadcast(float value) { return (Vector)_mm256_set1_ps(value); }

inline Vector load(const float* from) { return *(const UnalignedVector*)from; }

inline void store(float* to, Vector v) { *(UnalignedVector*)to = v; }

inline Vector load(const Bfloat16* from) {
  return (Vector)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)from)), 16);
}

inline void store(Bfloat16* to, Vector v) {
  const Integers bits = (Integers)v, odd = (bits >> 16) & 1;
  const Integers nearest = v == v ? bits + 0x7fff + odd : bits | 0x400000;
  const __m256i halves = _mm256_srli_epi32((__m256i)nearest, 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
  _mm_storeu_si128((__m128i*)to, _mm256_castsi256_si128(packed));
}

inline Integers loadBytes(const uint8_t* from) {
  return (Integers)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)from));
}

inline void storeBytes(uint8_t* to, Integers v) {
  typedef uint8_t Bytes __attribute__((vector_size(lanes)));
  const Bytes bytes = __builtin_convertvector(v, Bytes);
  memcpy(to, &bytes, sizeof bytes);
}

inline Vector lookUpOfFour(const float* four, Integers index) {
  return (Vector)_mm256_permutevar_ps(_mm256_broadcast_ps((const __m128*)four), (__m256i)index);
}

inline Integers lookUp(Integers table, Integers index) {
  return (Integers)_mm256_permutevar8x32_epi32((__m256i)table, (__m256i)index);
}

inline uint32_t maskOf(Integers comparison) { return _mm256_movemask_ps((__m256)comparison); }

/** For each byte, the places of its bits that are 1, in order. */
struct PlacesOfBits {
  uint8_t of[256][8];
};

constexpr PlacesOfBits makePlacesOfBits() {
  PlacesOfBits table = {};
  for (int bits = 0; bits < 256; bits++) {
    for (int place = 0, count = 0; place < 8; place++) {
      if (bits >> place & 1) table.of[bits][count++] = static_cast<uint8_t>(place);
    }
  }
  return table;
}

constexpr PlacesOfBits placesOfBits = makePlacesOfBits();

inline void compressStore(int32_t* to, Integers v, uint32_t mask) {
  const __m256i order = (__m256i)loadBytes(placesOfBits.of[mask]);
  _mm256_storeu_si256((__m256i*)to, _mm256_permutevar8x32_epi32((__m256i)v, order));
}

template <int half>
inline void exchange(Integers& above, Integers& below) {
  const __m256i a = (__m256i)above, b = (__m256i)below;
  if constexpr (half == 1) {
    above = (Integers)_mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa);
    below = (Integers)_mm256_blend_epi32(_mm256_srli_epi64(a, 32), b, 0xaa);
  } else if constexpr (half == 2) {
    above = (Integers)_mm256_unpacklo_epi64(a, b);
    below = (Integers)_mm256_unpackhi_epi64(a, b);
  } else {
    above = (Integers)_mm256_permute2x128_si256(a, b, 0x20);
    below = (Integers)_mm256_permute2x128_si256(a, b, 0x31);
  }
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
