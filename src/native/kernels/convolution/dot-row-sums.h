// Sums of rows of bfloat16, weighted by non-zero entries of a gradient, by dot products of pairs: entries are taken two
// at a time, and the two rows that they weight are interleaved on the way.
#pragma once
#include "row-sums.h"

#ifdef CONVOY_BFLOAT16_DOT

namespace convoy {
namespace {

/** Numbers of a row that are loaded at a time. Interleaved with those of another row they are two vectors of pairs. */
constexpr int block = 2 * lanes;

inline int roundUpToBlock(int size) { return (size + block - 1) / block * block; }

/** Where in two vectors of sums number `n` of a block is: interleaving takes the first four of every eight, then the
 * last. */
constexpr int interleaved(int n) { return (n & 4) * (lanes / 4) + n / 8 * 4 + (n & 3); }

/** Non-zero entries of a gradient: their values, and where the row that each one weights begins. They are multiplied in
 * pairs. */
struct DotEntries {
  int32_t* offsets;
  Bfloat16* values;
  DotEntries from(size_t index) const { return {offsets + index, values + index}; }
  /**
   * Appends some lanes to `number` entries. The upper half of a lane is the value; the lower half says by how many
   * steps from `start` the row begins.
   */
  int append(int number, Integers valuesAndSteps, Mask mask, int step, int start) const {
    const Integers kept = compress(valuesAndSteps, mask);
    storeIntegers(offsets + number, (kept & 0xffff) * step + start);
    storeUpperHalves(values + number, kept);
    return number + __builtin_popcount(mask);
  }
  /** Makes the number of entries even by one of value 0. */
  int even(int number, int offset) const {
    offsets[number] = offset;
    values[number] = {0};
    return number + (number & 1);
  }
};

/** Memory for entries, and a vector behind them. */
class DotEntryScratch {
 public:
  DotEntries take(size_t count) { return {offsets_.take<int32_t>(count), values_.take<Bfloat16>(count)}; }

 private:
  Scratch offsets_, values_;
};

/** Some bfloat16 numbers, each in the upper half of a lane. */
inline Integers loadUpperHalves(const Bfloat16* from, Mask mask) { return loadLowHalves(from, mask) << 16; }

/** Whether pixels of a line buffer and outputs fit half of a lane, and the elements of a window the lanes of a vector.
 */
inline bool fitsHalves(const PooledConvolution& c, int pixels) {
  return pixels < 1 << 16 && c.outputs < 1 << 16 && c.window.rows * c.window.columns <= lanes;
}

/**
 * sums[row][v] += value * from[offset][row][v] over the entries of a list, two at a time, for `wide` blocks of each
 * row. The sums stay in registers. Entries of a second list go to the rows from the second on; `ends` says where the
 * lists end.
 */
template <int rows, int wide, int lists>
void sumDotProducts(float* sums, size_t sumStep, const Bfloat16* from, size_t fromStep, DotEntries entries,
                    const int* ends) {
  constexpr int all = rows + lists - 1;
  Vector total[all][wide][2];
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      total[row][v][0] = load(sums + row * sumStep + v * block);
      total[row][v][1] = load(sums + row * sumStep + v * block + lanes);
    }
  }
  int e = 0;
  CONVOY_UNROLL
  for (int list = 0; list < lists; list++) {
    for (; e < ends[list]; e += 2) {
      const Bfloat16 *first = from + entries.offsets[e], *second = from + entries.offsets[e + 1];
      int32_t both;
      memcpy(&both, entries.values + e, sizeof both);
      const Integers values = Integers{} + both;
      CONVOY_UNROLL
      for (int row = 0; row < rows; row++) {
        CONVOY_UNROLL
        for (int v = 0; v < wide; v++) {
          const Integers one = loadIntegers(first + row * fromStep + v * block);
          const Integers other = loadIntegers(second + row * fromStep + v * block);
          auto& sum = total[list + row][v];
          sum[0] = dotPairs(sum[0], interleaveLow(one, other), values);
          sum[1] = dotPairs(sum[1], interleaveHigh(one, other), values);
        }
      }
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      store(sums + row * sumStep + v * block, total[row][v][0]);
      store(sums + row * sumStep + v * block + lanes, total[row][v][1]);
    }
  }
}

/** Blocks of a tile: with two sums each, and their operands, they fill the registers. */
constexpr int tileBlocks = 9;
const SumTile<Bfloat16, DotEntries> dotOne[tileBlocks + 1] = {nullptr,
                                                              sumDotProducts<1, 1, 1>,
                                                              sumDotProducts<1, 2, 1>,
                                                              sumDotProducts<1, 3, 1>,
                                                              sumDotProducts<1, 4, 1>,
                                                              sumDotProducts<1, 5, 1>,
                                                              sumDotProducts<1, 6, 1>,
                                                              sumDotProducts<1, 7, 1>,
                                                              sumDotProducts<1, 8, 1>,
                                                              sumDotProducts<1, 9, 1>};
const SumTile<Bfloat16, DotEntries> dotThree[] = {nullptr, sumDotProducts<3, 1, 1>, sumDotProducts<3, 2, 1>,
                                                  sumDotProducts<3, 3, 1>};
const SumTile<Bfloat16, DotEntries> dotFour[] = {nullptr, sumDotProducts<3, 1, 2>, sumDotProducts<3, 2, 2>,
                                                 sumDotProducts<3, 3, 2>};
constexpr SumTiles<Bfloat16, DotEntries> dotSums = {block, tileBlocks, 3, dotOne, dotThree, dotFour};

}  // namespace
}  // namespace convoy

#endif
