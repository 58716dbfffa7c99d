// Sums of rows of bfloat16 by VDPBF16PS: it multiplies two numbers of each lane by two others and adds both products to a
// float32. Factors are taken two at a time, and the rows that they multiply are interleaved on the way.
#pragma once
#include "rows.h"

#ifdef __AVX512BF16__

namespace convoy {
namespace {

/** Numbers of a row that are loaded at a time; interleaved with those of another row they are two vectors of pairs. */
constexpr int block = 2 * lanes;

inline int roundUpToBlock(int size) { return (size + block - 1) / block * block; }

/** Where in two vectors of sums the number at `place` of a block goes: unpacking takes four of every eight, then the others. */
constexpr int unpacked(int place) { return (place & 4) * (lanes / 4) + place / 8 * 4 + (place & 3); }

/** Elements of the gradient that are not zero: where what they multiply begins, and their values; two and two belong together. */
struct PairEntries {
  int32_t* offsets;
  Bfloat16* values;
  PairEntries from(size_t index) const { return {offsets + index, values + index}; }
  /** Some of 16 words, behind `number` entries; of a word the upper half is a value, the lower how many steps from `start` it begins. */
  int append(int number, Integers words, __mmask16 bits, int step, int start) const {
    const __m512i kept = _mm512_maskz_compress_epi32(bits, (__m512i)words);
    const Integers begin = (Integers)_mm512_and_si512(kept, _mm512_set1_epi32(0xffff)) * step + start;
    _mm512_storeu_si512(offsets + number, (__m512i)begin);
    _mm256_storeu_si256((__m256i*)(values + number), _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16)));
    return number + __builtin_popcount(bits);
  }
  /** Brings an odd number to an even one by a zero. */
  int even(int number, int offset) const {
    offsets[number] = offset;
    values[number] = {0};
    return number + (number & 1);
  }
};

/** Room for entries, and a vector behind them. */
class PairScratch {
 public:
  PairEntries take(size_t count) { return {offsets_.take<int32_t>(count), values_.take<Bfloat16>(count)}; }

 private:
  Scratch offsets_, values_;
};

/** Up to 16 numbers, each the upper half of a lane. */
inline Integers upperHalves(const Bfloat16* from, __mmask16 valid) {
  return (Integers)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, from)), 16);
}

/** Which words have a value that is not zero. */
inline __mmask16 valued(Integers words) { return _mm512_test_epi32_mask((__m512i)words, _mm512_set1_epi32(0x7fff0000)); }

/** Up to 16 bytes as integers. */
inline Integers widenSome(const uint8_t* from, __mmask16 valid) { return (Integers)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, from)); }

/**
 * sums[row][v] += values * what is at from[row][v] over pairs of entries, for `wide` blocks of some rows, which stay in registers;
 * entries of the list behind go to the rows from the second on. `ends`: where the lists end.
 */
template <int rows, int wide, int lists>
void sumPairs(float* sums, size_t sumStep, const Bfloat16* from, size_t fromStep, PairEntries entries, const int* ends) {
  constexpr int all = rows + lists - 1;
  __m512 total[all][wide][2];
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      total[row][v][0] = _mm512_loadu_ps(sums + row * sumStep + v * block);
      total[row][v][1] = _mm512_loadu_ps(sums + row * sumStep + v * block + lanes);
    }
  }
  int e = 0;
  CONVOY_UNROLL
  for (int list = 0; list < lists; list++) {
    for (; e < ends[list]; e += 2) {
      const Bfloat16 *first = from + entries.offsets[e], *second = from + entries.offsets[e + 1];
      int32_t both;
      memcpy(&both, entries.values + e, sizeof both);
      const __m512bh values = (__m512bh)_mm512_set1_epi32(both);
      CONVOY_UNROLL
      for (int row = 0; row < rows; row++) {
        CONVOY_UNROLL
        for (int v = 0; v < wide; v++) {
          const __m512i one = _mm512_loadu_si512(first + row * fromStep + v * block);
          const __m512i other = _mm512_loadu_si512(second + row * fromStep + v * block);
          auto& sum = total[list + row][v];
          sum[0] = _mm512_dpbf16_ps(sum[0], (__m512bh)_mm512_unpacklo_epi16(one, other), values);
          sum[1] = _mm512_dpbf16_ps(sum[1], (__m512bh)_mm512_unpackhi_epi16(one, other), values);
        }
      }
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      _mm512_storeu_ps(sums + row * sumStep + v * block, total[row][v][0]);
      _mm512_storeu_ps(sums + row * sumStep + v * block + lanes, total[row][v][1]);
    }
  }
}

/** Blocks of a tile: with two sums each and what is multiplied they fill the registers. */
constexpr int tileBlocks = 9;
const SumTile<Bfloat16, PairEntries> pairRow[tileBlocks + 1] = {nullptr,           sumPairs<1, 1, 1>, sumPairs<1, 2, 1>, sumPairs<1, 3, 1>, sumPairs<1, 4, 1>,
                                                                sumPairs<1, 5, 1>, sumPairs<1, 6, 1>, sumPairs<1, 7, 1>, sumPairs<1, 8, 1>, sumPairs<1, 9, 1>};
const SumTile<Bfloat16, PairEntries> pairThree[] = {nullptr, sumPairs<3, 1, 1>, sumPairs<3, 2, 1>, sumPairs<3, 3, 1>};
const SumTile<Bfloat16, PairEntries> pairFour[] = {nullptr, sumPairs<3, 1, 2>, sumPairs<3, 2, 2>, sumPairs<3, 3, 2>};
constexpr SumTiles<Bfloat16, PairEntries> pairSums = {block, tileBlocks, 3, pairRow, pairThree, pairFour};

}  // namespace
}  // namespace convoy

#endif
