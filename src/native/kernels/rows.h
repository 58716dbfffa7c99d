// Sums of rows that lists of entries name, in registers; and the strip of an image that such sums make.
#pragma once
#include "kernels.h"
#include "strip.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Of a first-level cache, what is used again and again; the rest is for what streams through. */
constexpr size_t firstLevel = 28 << 10;
/** Of weights that lists name, what may be read in any order. */
constexpr size_t firstLevelWeights = 40 << 10;
/** Sums up to this size stay in the second-level cache from strip to strip. */
constexpr size_t secondLevel = 256 << 10;

/** Elements of the gradient that are not zero: where their patches of x (or their rows of the filter) begin, and their values. */
struct Entries {
  int32_t* offsets;
  float* values;
  Entries from(size_t index) const { return {offsets + index, values + index}; }
};

/** Room for entries, and a vector behind them. */
class EntryScratch {
 public:
  Entries take(size_t count) { return {offsets_.take<int32_t>(count), values_.take<float>(count)}; }

 private:
  Scratch offsets_, values_;
};

/** An address that others are reached from by constants: the compiler would keep each of them in a register of its own. */
template <typename T>
inline const T* base(const T* address) {
  asm("" : "+r"(address));
  return address;
}

/**
 * sums[row][v] += value * what is at from[row][v] over entries, for `wide` vectors of some rows, which stay in registers; entries
 * of the list behind go to the rows from the second on. `ends`: where the lists end.
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
      for (int row = 0; row < rows; row++, at = base(at + fromStep)) {
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

/** Such a sum of a type's rows, named by lists of a type. */
template <typename T, typename List>
using SumTile = void (*)(float* sums, size_t sumStep, const T* from, size_t fromStep, List, const int* ends);

/** The sums for a type: of one row by tiles' widths; of the three rows of a filter, and the four that two rows of windows reach. */
template <typename T, typename List>
struct SumTiles {
  /** Floats of a tile's unit of width. */
  int unit;
  /** Widest tiles of one row, and of three or four rows. */
  int most, mostTogether;
  const SumTile<T, List>*row, *three, *four;
};

const SumTile<float, Entries> vectorRow[tileVectors + 1] = {nullptr,
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
#ifdef __AVX512F__
const SumTile<float, Entries> vectorThree[] = {nullptr,             sumVectors<3, 1, 1>, sumVectors<3, 2, 1>, sumVectors<3, 3, 1>,
                                               sumVectors<3, 4, 1>, sumVectors<3, 5, 1>, sumVectors<3, 6, 1>};
const SumTile<float, Entries> vectorFour[] = {nullptr,             sumVectors<3, 1, 2>, sumVectors<3, 2, 2>, sumVectors<3, 3, 2>,
                                              sumVectors<3, 4, 2>, sumVectors<3, 5, 2>, sumVectors<3, 6, 2>};
#else
const SumTile<float, Entries> vectorThree[] = {nullptr, sumVectors<3, 1, 1>, sumVectors<3, 2, 1>, sumVectors<3, 3, 1>};
const SumTile<float, Entries> vectorFour[] = {nullptr, sumVectors<3, 1, 2>, sumVectors<3, 2, 2>, sumVectors<3, 3, 2>};
#endif
constexpr SumTiles<float, Entries> vectorSums = {lanes, tileVectors, lanes == 16 ? 6 : 3, vectorRow, vectorThree, vectorFour};

/** Sums for rows of a filter of any width, in tiles of nearly the same size. */
template <typename T, typename List>
class RowSum {
 public:
  RowSum(const SumTiles<T, List>& sums, int filterRows, int padded) : sums_(sums), units_(padded / sums.unit), filterRows_(filterRows) {
    const int tiles = (units_ + sums.most - 1) / sums.most;
    size_ = (units_ + tiles - 1) / tiles;
    full_ = units_ / size_;
    rest_ = units_ % size_;
  }
  /** To one row. */
  void add(float* to, const T* from, List entries, int number) const {
    for (int tile = 0; tile < full_; tile++) sums_.row[size_](to + tile * size_ * sums_.unit, 0, from + tile * size_ * sums_.unit, 0, entries, &number);
    if (rest_ > 0) sums_.row[rest_](to + full_ * size_ * sums_.unit, 0, from + full_ * size_ * sums_.unit, 0, entries, &number);
  }
  /** Whether all rows of the filter, and what they reach from so many rows of a window, fit the registers. */
  bool together(int windowRows) const { return filterRows_ == 3 && windowRows <= 2 && units_ <= sums_.mostTogether; }
  /** To as many rows as the filter has. */
  void addAll(float* to, size_t step, const T* from, size_t fromStep, List entries, int number) const {
    if (together(1)) return sums_.three[units_](to, step, from, fromStep, entries, &number);
    for (int k = 0; k < filterRows_; k++) add(to + k * step, from + k * fromStep, entries, number);
  }
  /** To all rows that the lists of a window's rows reach, which must fit together; `starts`: where they begin, and the last ends. */
  void addWindow(float* to, size_t step, const T* from, size_t fromStep, List entries, const int* starts, int windowRows) const {
    const int ends[] = {starts[1] - starts[0], starts[windowRows] - starts[0]};
    (windowRows == 2 ? sums_.four : sums_.three)[units_](to, step, from, fromStep, entries.from(starts[0]), ends);
  }

 private:
  const SumTiles<T, List>& sums_;
  int units_, filterRows_, size_, full_, rest_;
};

/** The rows of x that one row of windows reaches, with what a filter reaches beyond x; then what is beyond the last patch. */
template <typename T>
class InputStrip {
 public:
  /** Patches have `padded` floats a row. */
  InputStrip(const PooledConvolution& c, int padded, Scratch& memory)
      : c_(c), rows_(c.window.rows + c.filterRows - 1), line_((size_t)(c.width + c.filterColumns - 1) * c.inputs), floats_(rows_ * line_ + padded) {
    strip_ = memory.take<float>(floats_);
  }
  int rows() const { return rows_; }
  size_t line() const { return line_; }
  /** Where the patches of a column begin in the first row. */
  float* column(int column) const { return strip_ + (size_t)column * c_.inputs; }
  void clear() { memset(strip_, 0, floats_ * sizeof(float)); }
  /** Writes the rows that no later row of windows reaches to an image and makes room for the next. */
  void advance(int windowRow, T* image) {
    for (int k = 0; k < c_.window.rows; k++) emit(windowRow * c_.window.rows + k, k, image);
    memmove(strip_, strip_ + c_.window.rows * line_, (rows_ - c_.window.rows) * line_ * sizeof(float));
    memset(strip_ + (rows_ - c_.window.rows) * line_, 0, c_.window.rows * line_ * sizeof(float));
  }
  /** Writes what is left, and the rows that no window reaches, which it has zeros for at its end. */
  void finish(T* image) const {
    for (int k = c_.pooledRows * c_.window.rows; k < c_.height + c_.top; k++) {
      const int left = k - c_.pooledRows * c_.window.rows;
      emit(k, left < rows_ ? left : rows_ - 1, image);
    }
  }

 private:
  void emit(int from, int row, T* image) const {
    const int to = from - c_.top;
    if (to < 0 || to >= c_.height) return;
    copy(strip_ + row * line_ + (size_t)c_.left * c_.inputs, (size_t)c_.width * c_.inputs, image + (size_t)to * c_.width * c_.inputs);
  }

  const PooledConvolution& c_;
  int rows_;
  size_t line_, floats_;
  float* strip_;
};

/** How the patches that a row of windows has are added to a strip. */
template <typename T, typename Weight, typename List>
class PatchSum {
 public:
  /** What is added lies at `turned`, [filter row][output][padded]. */
  PatchSum(const PooledConvolution& c, const SumTiles<Weight, List>& sums, int padded, const Weight* turned, const InputStrip<T>& strip)
      : c_(c), sum_(sums, c.filterRows, padded), turned_(turned), filterStep_(c.outputs * padded), strip_(strip) {
    const bool near = c.filterRows * filterStep_ * sizeof(Weight) <= firstLevelWeights;
    together_ = sum_.together(c.window.rows) && near && (size_t)padded <= strip.line();
  }
  /** What is added to entries of a window's row: each row of the strip is summed by itself, and there the filter's row is one less. */
  int offset(int windowRow) const { return together_ ? 0 : -windowRow * filterStep_; }
  /** Of entries' lists, `starts` says where they begin: by the column of x where their patch begins, and within it by row of the window. */
  void add(const int* starts, List entries) const {
    const int across = c_.pooledColumns * c_.window.columns, high = c_.window.rows;
    if (together_) {
      for (int column = 0; column < across; column++) {
        sum_.addWindow(strip_.column(column), strip_.line(), turned_, filterStep_, entries, starts + column * high, high);
      }
      return;
    }
    // A row after the other: the rows of the filter that reach it stay in the first-level cache for all columns.
    for (int k = 0; k < strip_.rows(); k++) {
      const int first = k - c_.filterRows + 1 > 0 ? k - c_.filterRows + 1 : 0;
      const int behind = (k < high - 1 ? k : high - 1) + 1;
      for (int column = 0; column < across; column++) {
        const int from = starts[column * high + first], to = starts[column * high + behind];
        if (to > from) sum_.add(strip_.column(column) + k * strip_.line(), turned_ + (std::ptrdiff_t)k * filterStep_, entries.from(from), to - from);
      }
    }
  }

 private:
  const PooledConvolution& c_;
  const RowSum<Weight, List> sum_;
  const Weight* turned_;
  int filterStep_;
  const InputStrip<T>& strip_;
  bool together_;
};

}  // namespace
}  // namespace convoy
