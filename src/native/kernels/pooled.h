// Gradients of a pooled convolution with vectors along columns and input channels of the filter: of each output only the
// elements that have a gradient are multiplied.
#pragma once
#include "kernels.h"
#include "strip.h"
#include "vectors.h"

namespace convoy {
namespace {

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

/** sums[v] += value * from[v] over entries, for a tile of `count` vectors that stay in registers. */
template <int count>
inline void addTile(float* sums, const float* from, Entries entries, int number) {
  Vector total[count];
  CONVOY_UNROLL
  for (int v = 0; v < count; v++) total[v] = load(sums + v * lanes);
  for (int e = 0; e < number; e++) {
    const float* at = from + entries.offsets[e];
    const Vector value = broadcast(entries.values[e]);
    CONVOY_UNROLL
    for (int v = 0; v < count; v++) total[v] += value * load(at + v * lanes);
  }
  CONVOY_UNROLL
  for (int v = 0; v < count; v++) store(sums + v * lanes, total[v]);
}

typedef void (*AddTile)(float*, const float*, Entries, int);
const AddTile addTiles[tileVectors + 1] = {nullptr,     addTile<1>, addTile<2>, addTile<3>,  addTile<4>,  addTile<5>, addTile<6>,
                                           addTile<7>, addTile<8>, addTile<9>, addTile<10>, addTile<11>, addTile<12>};

/** The same for rows of any number of vectors, in tiles of nearly the same size. */
class RowSum {
 public:
  explicit RowSum(int floats) {
    const int vectors = roundUp(floats) / lanes;
    const int tiles = (vectors + tileVectors - 1) / tileVectors;
    size_ = (vectors + tiles - 1) / tiles;
    full_ = vectors / size_;
    rest_ = vectors % size_;
  }
  void add(float* sums, const float* from, Entries entries, int number) const {
    for (int tile = 0; tile < full_; tile++) {
      addTiles[size_](sums + tile * size_ * lanes, from + tile * size_ * lanes, entries, number);
    }
    if (rest_ > 0) addTiles[rest_](sums + full_ * size_ * lanes, from + full_ * size_ * lanes, entries, number);
  }

 private:
  int size_, full_, rest_;
};

/** Of a first-level cache, what is used again and again; the rest is for what streams through. */
constexpr size_t firstLevel = 28 << 10;
/** Sums up to this size stay in the second-level cache from strip to strip. */
constexpr size_t secondLevel = 256 << 10;

template <typename T>
void pooledFilter(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* place, float* filter) {
  static thread_local Scratch stripMemory, sumMemory, countMemory;
  static thread_local EntryScratch entryMemory;
  const int columns = c.pooledColumns * c.window.columns + c.filterColumns - 1;
  const int row = c.filterColumns * c.inputs, padded = roundUp(row);
  const size_t sumFloats = (size_t)c.outputs * c.filterRows * padded;
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  // As many pooled rows at once as stay in the first-level cache; where the sums do not stay near, a whole image.
  int together = c.pooledRows;
  if (sumFloats * sizeof(float) <= secondLevel) {
    const size_t line = (size_t)columns * c.inputs * sizeof(float);
    while (together > 1 && (together * c.window.rows + c.filterRows - 1) * line > firstLevel) together--;
  }
  const int rows = together * c.window.rows + c.filterRows - 1;
  float* strip = stripMemory.take<float>((size_t)rows * columns * c.inputs + row);
  const int most = together * c.pooledColumns;
  const Entries entries = entryMemory.take((size_t)c.outputs * most);
  int* counts = countMemory.take<int>(c.outputs);
  const RowSum sum(row);
  int32_t offsets[256] = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++) {
    offsets[q] = (q / c.window.columns * columns + q % c.window.columns) * c.inputs;
  }
  for (int image = 0; image < c.images; image++) {
    for (int first = 0; first < c.pooledRows; first += together) {
      const int count = c.pooledRows - first < together ? c.pooledRows - first : together;
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, first * c.window.rows - c.top,
                c.left, count * c.window.rows + c.filterRows - 1, columns, strip);
      memset(counts, 0, c.outputs * sizeof(int));
      const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
      const T* g = gradient + begin;
      const uint8_t* p = place + begin;
      for (int i = 0; i < count; i++) {
        for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
          const int corner = (i * c.window.rows * columns + j * c.window.columns) * c.inputs;
          for (int output = 0; output < c.outputs; output++) {
            const size_t at = (size_t)output * most + counts[output];
            entries.offsets[at] = corner + offsets[p[output]];
            const float value = loadOne(g + output);
            entries.values[at] = value;
            counts[output] += value != 0 && p[output] != noPlace;
          }
        }
      }
      for (int output = 0; output < c.outputs; output++) {
        float* own = sums + (size_t)output * c.filterRows * padded;
        for (int k = 0; k < c.filterRows; k++) {
          sum.add(own + k * padded, strip + (size_t)k * columns * c.inputs, entries.from((size_t)output * most), counts[output]);
        }
      }
    }
  }
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      float* to = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++) to[output] = sums[((size_t)output * c.filterRows + k) * padded + i];
    }
  }
}

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

/**
 * Adds patches to a strip, a row after the other: the rows of the filter that reach it stay in the first-level cache for all
 * columns. Of entries' lists, `starts` says where they begin: by the column of x where their patch begins, and within it by row
 * of the window. What is added lies at `turned`, by rows of the filter `filterStep` apart, for the first row of a window.
 */
template <typename Sum, typename T, typename Weight, typename List>
inline void sumByRows(const PooledConvolution& c, const Sum& sum, const InputStrip<T>& strip, const Weight* turned, int filterStep,
                      const int* starts, const List& entries) {
  for (int k = 0; k < strip.rows(); k++) {
    const int first = k - c.filterRows + 1 > 0 ? k - c.filterRows + 1 : 0;
    const int behind = (k < c.window.rows - 1 ? k : c.window.rows - 1) + 1;
    for (int column = 0; column < c.pooledColumns * c.window.columns; column++) {
      const int from = starts[column * c.window.rows + first], to = starts[column * c.window.rows + behind];
      if (to > from) sum.add(strip.column(column) + k * strip.line(), turned + (ptrdiff_t)k * filterStep, entries.from(from), to - from);
    }
  }
}

template <typename T>
void pooledInput(const PooledConvolution& c, const T* filter, const T* gradient, const uint8_t* place, T* x) {
  static thread_local Scratch filterMemory, stripMemory, startMemory;
  static thread_local EntryScratch entryMemory;
  const int row = c.filterColumns * c.inputs, padded = roundUp(row);
  const int filterStep = c.outputs * padded;
  // [filter row][output][its columns and inputs]
  float* turned = filterMemory.take<float>((size_t)c.filterRows * filterStep);
  memset(turned, 0, (size_t)c.filterRows * filterStep * sizeof(float));
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const T* from = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++) turned[((size_t)k * c.outputs + output) * padded + i] = loadOne(from + output);
    }
  }
  InputStrip<T> strip(c, padded, stripMemory);
  const Entries entries = entryMemory.take((size_t)c.pooledColumns * c.outputs);
  int* starts = startMemory.take<int>(c.pooledColumns * c.window.columns * c.window.rows + 1);
  Integers steps;
  for (int lane = 0; lane < lanes; lane++) steps[lane] = lane * padded;
  const RowSum sum(row);
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    strip.clear();
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * c.pooledColumns * c.outputs;
      const T* g = gradient + begin;
      const uint8_t* p = place + begin;
      int number = 0, list = 0;
      for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
        for (int column = 0; column < c.window.columns; column++) {
          for (int row = 0; row < c.window.rows; row++) {
            const int q = row * c.window.columns + column;
            starts[list++] = number;
            int output = 0;
            for (; output + lanes <= c.outputs; output += lanes) {
              const Vector value = load(g + output);
              const uint32_t bits = lanesOf((widen(p + output) == q) & (value != 0));
              compress(entries.offsets + number, steps + (output * padded - row * filterStep), bits);
              compress((int32_t*)entries.values + number, (Integers)value, bits);
              number += __builtin_popcount(bits);
            }
            for (; output < c.outputs; output++) {
              entries.offsets[number] = output * padded - row * filterStep;
              entries.values[number] = loadOne(g + output);
              number += p[output] == q && entries.values[number] != 0;
            }
          }
        }
      }
      starts[list] = number;
      sumByRows(c, sum, strip, turned, filterStep, starts, entries);
      strip.advance(i, x);
    }
    strip.finish(x);
  }
}

}  // namespace
}  // namespace convoy
