// The vector interface with AVX512-BF16: that of AVX-512, and dot products of pairs of bfloat16 (VDPBF16PS). An
// instruction multiplies two numbers of each lane by two others and adds both products to a float32 sum.
#pragma once
#include "avx512.h"

/** Kernels of this set have forms by dot products. */
#define CONVOY_BFLOAT16_DOT 1

namespace convoy {
namespace {

/** One bit a lane. */
typedef __mmask16 Mask;

/** The first lanes. */
inline Mask firstLanes(int count) {
  return static_cast<Mask>(count <= 0 ? 0 : count >= lanes ? 0xffff : (1 << count) - 1);
}

/** total + a[0] b[0] + a[1] b[1] of each lane's pairs. */
inline Vector dotPairs(Vector total, Integers a, Integers b) {
  return (Vector)_mm512_dpbf16_ps((__m512)total, (__m512bh)a, (__m512bh)b);
}

/** Some bfloat16 numbers, each in the lower half of a lane; zeros in the others. */
inline Integers loadLowHalves(const Bfloat16* from, Mask mask = 0xffff) {
  return (Integers)_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from));
}

/** Some float32 numbers times a factor, rounded to bfloat16, each in the lower half of a lane. */
inline Integers loadLowHalves(const float* from, Mask mask, float factor) {
  const Vector scaled = (Vector)_mm512_maskz_loadu_ps(mask, from) * factor;
  return (Integers)_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)scaled));
}

/** Pairs of lower halves: the first numbers, the second ones. */
inline Integers pairUp(Integers first, Integers second) {
  return (Integers)_mm512_or_si512((__m512i)first, _mm512_slli_epi32((__m512i)second, 16));
}

/** Zeros in lanes whose bit is 0. */
inline Integers keep(Mask mask, Integers v) { return (Integers)_mm512_maskz_mov_epi32(mask, (__m512i)v); }

/** Some bytes as integers; zeros in the other lanes. */
inline Integers loadBytes(const uint8_t* from, Mask mask) {
  return (Integers)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from));
}

inline Mask equal(Integers a, Integers b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }

inline Mask notEqual(Integers a, Integers b, Mask mask) {
  return _mm512_mask_cmpneq_epi32_mask(mask, (__m512i)a, (__m512i)b);
}

/** Lanes whose upper half is a bfloat16 other than zero. */
inline Mask nonZeroUpperHalves(Integers v) { return _mm512_test_epi32_mask((__m512i)v, _mm512_set1_epi32(0x7fff0000)); }

inline Integers loadIntegers(const void* from) { return (Integers)_mm512_loadu_si512(from); }

inline void storeIntegers(void* to, Integers v) { _mm512_storeu_si512(to, (__m512i)v); }

inline void storeIntegers(void* to, Integers v, Mask mask) { _mm512_mask_storeu_epi32(to, mask, (__m512i)v); }

/** The lanes whose bit is 1, in order; zeros behind them. */
inline Integers compress(Integers v, Mask mask) { return (Integers)_mm512_maskz_compress_epi32(mask, (__m512i)v); }

/** Stores the upper half of each lane. */
inline void storeUpperHalves(Bfloat16* to, Integers v) {
  _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16(_mm512_srli_epi32((__m512i)v, 16)));
}

/** Pairs of the numbers that two rows have at the same place: of the first four of every eight places. */
inline Integers interleaveLow(Integers a, Integers b) {
  return (Integers)_mm512_unpacklo_epi16((__m512i)a, (__m512i)b);
}

/** The same of the last four of every eight places. */
inline Integers interleaveHigh(Integers a, Integers b) {
  return (Integers)_mm512_unpackhi_epi16((__m512i)a, (__m512i)b);
}

}  // namespace
}  // namespace convoy
