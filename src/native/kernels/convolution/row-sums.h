// Sums of rows, weighted by the non-zero entries of a gradient and kept in registers.
#pragma once
#include "memory/scratch.h"
#include "shapes.h"

namespace convoy {
namespace {

/** Bytes of a first-level cache for what is used again and again; the rest is for what streams through. */
constexpr size_t firstLevel = 28 << 10;
/** Bytes of weights that may be read in any order. */
constexpr size_t firstLevelWeights = 40 << 10;
/** Sums of at most this many bytes stay in the second-level cache from strip to strip. */
constexpr size_t secondLevel = 256 << 10;

/** Non-zero entries of a gradient: their values, and where the row that each one weights begins. */
struct Entries {
  int32_t* offsets;
  float* values;
  Entries from(size_t index) const { return {offsets + index, values + index}; }
};

/** Vectors of sums of one row's tile: they hide the latency of additions, and leave registers for operands. */
constexpr int tileVectors = 12;

/** Memory for entries, and a vector behind them. */
class EntryScratch {
 public:
  Entries take(size_t count) { return {offsets_.take<int32_t>(count), values_.take<float>(count)}; }

 private:
  Scratch offsets_, values_;
};

/**
 * sums[row][v] += value * from[offset][row][v] over the entries of a list, for `wide` vectors of each row. The sums
 * stay in registers. Entries of a second list go to the rows from the second on; `ends` says where the lists end.
 */
template <int rows, int wide, int lists>
void sumVectors(float* sums, size_t sumStep, const float* from, size_t fromStep, Entries entries, const int* ends) {
  constexpr int all = rows + lists - 1;
  Vector total[all][wide];
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) total[row][v] = load(sums + row * sumStep + v * lanes);
  }
  int e = 0;
  CONVOY_UNROLL
  for (int list = 0; list < lists; list++) {
    for (; e < ends[list]; e++) {
      const float* at = from + entries.offsets[e];
      const Vector value = broadcast(entries.values[e]);
      CONVOY_UNROLL
      for (int row = 0; row < rows; row++, at = opaque(at + fromStep)) {
        CONVOY_UNROLL
        for (int v = 0; v < wide; v++) total[list + row][v] += value * load(at + v * lanes);
      }
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) store(sums + row * sumStep + v * lanes, total[row][v]);
  }
}

/** The type of `sumVectors`, for rows of type T and entries of type List. */
template <typename T, typename List>
using SumTile = void (*)(float* sums, size_t sumStep, const T* from, size_t fromStep, List, const int* ends);

/**
 * The sums of a type, by the width of their tiles: of one row, of the three rows of a filter, and of the four rows that
 * two rows of a window reach.
 */
template <typename T, typename List>
struct SumTiles {
  /** Numbers of a unit of width. */
  int unit;
  /** Widest tiles, in units, of one row and of three or four rows. */
  int most, mostTogether;
  const SumTile<T, List>*one, *three, *four;
};

const SumTile<float, Entries> vectorOne[tileVectors + 1] = {nullptr,
                                                            sumVectors<1, 1, 1>,
                                                            sumVectors<1, 2, 1>,
                                                            sumVectors<1, 3, 1>,
                                                            sumVectors<1, 4, 1>,
                                                            sumVectors<1, 5, 1>,
                                                            sumVectors<1, 6, 1>,
                                                            sumVectors<1, 7, 1>,
                                                            sumVectors<1, 8, 1>,
                                                            sumVectors<1, 9, 1>,
                                                            sumVectors<1, 10, 1>,
                                                            sumVectors<1, 11, 1>,
                                                            sumVectors<1, 12, 1>};
const SumTile<float, Entries> vectorThree[] = {nullptr,
                                               sumVectors<3, 1, 1>,
                                               sumVectors<3, 2, 1>,
                                               sumVectors<3, 3, 1>,
#if CONVOY_REGISTERS >= 32
                                               sumVectors<3, 4, 1>,
                                               sumVectors<3, 5, 1>,
                                               sumVectors<3, 6, 1>
#endif
};
const SumTile<float, Entries> vectorFour[] = {nullptr,
                                              sumVectors<3, 1, 2>,
                                              sumVectors<3, 2, 2>,
                                              sumVectors<3, 3, 2>,
#if CONVOY_REGISTERS >= 32
                                              sumVectors<3, 4, 2>,
                                              sumVectors<3, 5, 2>,
                                              sumVectors<3, 6, 2>
#endif
};
constexpr int widestTogether = sizeof vectorThree / sizeof *vectorThree - 1;
constexpr SumTiles<float, Entries> vectorSums = {lanes,     tileVectors, widestTogether,
                                                 vectorOne, vectorThree, vectorFour};

/** Sums of a filter's rows of any width, in tiles of nearly the same size. */
template <typename T, typename List>
class RowSum {
 public:
  RowSum(const SumTiles<T, List>& sums, int filterRows, int padded)
      : sums_(sums), units_(padded / sums.unit), filterRows_(filterRows) {
    const int tiles = (units_ + sums.most - 1) / sums.most;
    size_ = (units_ + tiles - 1) / tiles;
    full_ = units_ / size_;
    rest_ = units_ % size_;
  }
  /** Adds to one row. */
  void add(float* to, const T* from, List entries, int number) const {
    for (int tile = 0; tile < full_; tile++)
      sums_.one[size_](to + tile * size_ * sums_.unit, 0, from + tile * size_ * sums_.unit, 0, entries, &number);
    if (rest_ > 0)
      sums_.one[rest_](to + full_ * size_ * sums_.unit, 0, from + full_ * size_ * sums_.unit, 0, entries, &number);
  }
  /** Whether the registers hold the sums of all rows of the filter, and of the rows that a window's reach. */
  bool together(int windowRows) const { return filterRows_ == 3 && windowRows <= 2 && units_ <= sums_.mostTogether; }
  /** Adds to as many rows as the filter has. */
  void addAll(float* to, size_t step, const T* from, size_t fromStep, List entries, int number) const {
    if (together(1)) return sums_.three[units_](to, step, from, fromStep, entries, &number);
    for (int k = 0; k < filterRows_; k++) add(to + k * step, from + k * fromStep, entries, number);
  }
  /** Adds to all rows that a window's rows reach, which must fit together; `starts` says where their lists begin and
   * the last ends. */
  void addWindow(float* to, size_t step, const T* from, size_t fromStep, List entries, const int* starts,
                 int windowRows) const {
    const int ends[] = {starts[1] - starts[0], starts[windowRows] - starts[0]};
    (windowRows == 2 ? sums_.four : sums_.three)[units_](to, step, from, fromStep, entries.from(starts[0]), ends);
  }

 private:
  const SumTiles<T, List>& sums_;
  int units_, filterRows_, size_, full_, rest_;
};

}  // namespace
}  // namespace convoy
