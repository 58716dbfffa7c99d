// Gradients to filters of few input channels, and to their biases, with vectors along the outputs.
#pragma once
#include "kernels.h"
#include "strip.h"
#include "words.h"

namespace convoy {
namespace {

/** sums[t][v] += from[offsets[t] + place] * gradient[v], over places, of words; t of `taps` elements of the filter, v of `wide` vectors. */
template <int taps, int wide, typename T>
void addTaps(float* sums, int outputs, const float* from, int step, const int32_t* offsets, const float* gradient, int places) {
  Vector total[taps][wide];
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) total[t][v] = load(sums + (size_t)t * outputs + v * lanes);
  }
  for (int place = 0; place < places; place++, from += step, gradient += outputs) {
    Vector g[wide];
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) g[v] = load(gradient + v * lanes);
    CONVOY_UNROLL
    for (int t = 0; t < taps; t++) {
      const Vector value = broadcast(from[offsets[t]]);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) total[t][v] = addProduct<T>(total[t][v], value, g[v]);
    }
  }
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) store(sums + (size_t)t * outputs + v * lanes, total[t][v]);
  }
}

typedef void (*AddTaps)(float*, int, const float*, int, const int32_t*, const float*, int);
template <typename T>
constexpr AddTaps addByTwo[7] = {nullptr,          addTaps<1, 2, T>, addTaps<2, 2, T>, addTaps<3, 2, T>,
                                 addTaps<4, 2, T>, addTaps<5, 2, T>, addTaps<6, 2, T>};
template <typename T>
constexpr AddTaps addByOne[13] = {nullptr,          addTaps<1, 1, T>, addTaps<2, 1, T>, addTaps<3, 1, T>,  addTaps<4, 1, T>,
                                  addTaps<5, 1, T>, addTaps<6, 1, T>, addTaps<7, 1, T>, addTaps<8, 1, T>,  addTaps<9, 1, T>,
                                  addTaps<10, 1, T>, addTaps<11, 1, T>, addTaps<12, 1, T>};

/** Calls `add(first, count)` for tiles of nearly the same size, at most `most` elements each. */
template <typename Add>
inline void inTiles(int all, int most, Add add) {
  const int tiles = (all + most - 1) / most;
  for (int tile = 0; tile < tiles; tile++) {
    const int first = (int64_t)all * tile / tiles;
    add(first, (int)((int64_t)all * (tile + 1) / tiles) - first);
  }
}

/** Where in a strip of some columns the elements of a filter begin. */
void tapOffsets(int filterRows, int filterColumns, int inputs, int columns, int32_t* offsets) {
  const int row = filterColumns * inputs;
  for (int t = 0; t < filterRows * row; t++) offsets[t] = t / row * columns * inputs + t % row;
}

/** Adds what a row of the gradient gives to whole vectors of outputs, all but the last ones; returns how many outputs those are. Calls `meanwhile` at each tile. */
template <typename T, typename Meanwhile>
inline int addRow(float* sums, int outputs, const float* strip, int step, const int32_t* offsets, int taps, const float* gradient, int places,
                  Meanwhile meanwhile) {
  int output = 0;
  const auto add = [&](const AddTaps* sizes, int most) {
    inTiles(taps, most, [&](int t, int count) {
      meanwhile();
      sizes[count](sums + (size_t)t * outputs + output, outputs, strip, step, offsets + t, gradient + output, places);
    });
  };
  for (; output + 2 * lanes <= outputs; output += 2 * lanes) add(addByTwo<T>, 6);
  for (; output + lanes <= outputs; output += lanes) add(addByOne<T>, 12);
  return output;
}

/** Has the next row of a gradient, and of y where there is one, fetched a tile at a time. */
template <typename T>
class NextRow {
 public:
  NextRow(const NarrowConvolution& c) : row_((size_t)c.columns * c.outputs) {
    const int tiles = ((c.filterRows * c.filterColumns * c.inputs + 6) / 6) * ((c.outputs + 2 * lanes - 1) / (2 * lanes));
    share_ = line * (row_ / line / tiles + 1);
  }
  void begin(const T* gradient, const T* y) {
    gradient_ = gradient;
    y_ = y;
    at_ = 0;
  }
  void some() {
    for (const size_t until = at_ + share_ < row_ ? at_ + share_ : row_; at_ < until; at_ += line) {
      __builtin_prefetch(gradient_ + at_);
      if (y_ != nullptr) __builtin_prefetch(y_ + at_);
    }
  }

 private:
  static constexpr size_t line = 64 / sizeof(T);
  size_t row_, share_, at_ = 0;
  const T *gradient_ = nullptr, *y_ = nullptr;
};

/** Numbers as float32: where they are, or else copied to memory. */
inline const float* asFloats(const float* from, size_t, Scratch&) { return from; }
inline const float* asFloats(const Bfloat16* from, size_t count, Scratch& memory) {
  float* to = memory.take<float>(count);
  copy(from, count, to);
  return to;
}

/** A row of the gradient where the rectified y is positive, else 0. */
template <typename T>
inline void rectifyRow(const T* gradient, const T* y, size_t count, float* to) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(y + i) > 0 ? load(gradient + i) : Vector{});
  for (; i < count; i++) to[i] = loadOne(y + i) > 0 ? loadOne(gradient + i) : 0;
}

template <typename T>
void narrowFilter(const NarrowConvolution& c, const T* x, const T* gradient, const T* y, float* filter, float* bias) {
  static thread_local Scratch stripMemory, offsetMemory, sumMemory, rowMemory;
  const int columns = c.columns + c.filterColumns - 1;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  const size_t line = (size_t)columns * c.inputs, row = (size_t)c.columns * c.outputs;
  // Below the strip a line of ones: the bias is one more element of the filter, which sees nothing else.
  float* strip = stripMemory.take<float>((c.filterRows + 1) * line);
  for (size_t i = 0; i < line; i++) strip[c.filterRows * line + i] = 1;
  int32_t* offsets = offsetMemory.take<int32_t>(taps + 1);
  tapOffsets(c.filterRows, c.filterColumns, c.inputs, columns, offsets);
  offsets[taps] = c.filterRows * line;
  const size_t sumFloats = (size_t)(taps + 1) * c.outputs;
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  NextRow<T> next(c);
  for (int image = 0; image < c.images; image++) {
    for (int i = 0; i < c.rows; i++, gradient += row) {
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left, c.filterRows,
                columns, strip);
      const float* own;
      if (y == nullptr) {
        own = asFloats(gradient, row, rowMemory);
      } else {
        float* rectified = rowMemory.take<float>(row);
        rectifyRow(gradient, y, row, rectified);
        y += row;
        own = rectified;
      }
      next.begin(gradient + row, y);
      int output = addRow<float>(sums, c.outputs, strip, c.inputs, offsets, taps + 1, own, c.columns, [&] { next.some(); });
      for (; output < c.outputs; output++) {
        for (int t = 0; t <= taps; t++) {
          float total = sums[(size_t)t * c.outputs + output];
          for (int column = 0; column < c.columns; column++) {
            total += strip[column * c.inputs + offsets[t]] * own[(size_t)column * c.outputs + output];
          }
          sums[(size_t)t * c.outputs + output] = total;
        }
      }
    }
  }
  memcpy(filter, sums, (size_t)taps * c.outputs * sizeof(float));
  memcpy(bias, sums + (size_t)taps * c.outputs, c.outputs * sizeof(float));
}

/** sums[t] += gradient * the one of four elements of x that it belongs to; fours are [tap][window][4]. */
template <int taps, typename T>
void addChosen(float* sums, int outputs, const float* fours, int windows, const T* gradient, const uint8_t* place) {
  Vector total[taps];
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) total[t] = load(sums + (size_t)t * outputs);
  for (int window = 0; window < windows; window++, fours += 4, gradient += outputs, place += outputs) {
    const Integers at = widen(place);
    const Vector g = at == noPlace ? Vector{} : load(gradient);
    CONVOY_UNROLL
    for (int t = 0; t < taps; t++) total[t] += g * chooseOfFour(fours + (size_t)t * windows * 4, at);
  }
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) store(sums + (size_t)t * outputs, total[t]);
}

template <typename T>
using AddChosen = void (*)(float*, int, const float*, int, const T*, const uint8_t*);
template <typename T>
constexpr AddChosen<T> addChosens[13] = {nullptr,          addChosen<1, T>, addChosen<2, T>, addChosen<3, T>,  addChosen<4, T>,
                                         addChosen<5, T>,  addChosen<6, T>, addChosen<7, T>, addChosen<8, T>,  addChosen<9, T>,
                                         addChosen<10, T>, addChosen<11, T>, addChosen<12, T>};

/** The four elements of x that a tap meets in each of some windows of 2x2, whose rows are `line` apart. */
inline void foursOf(const float* from, int inputs, size_t line, int windows, float* to) {
  for (int window = 0; window < windows; window++, from += 2 * inputs, to += 4) {
    to[0] = from[0];
    to[1] = from[inputs];
    to[2] = from[line];
    to[3] = from[line + inputs];
  }
}

/** The same of a single channel, where two elements of a row lie side by side: four windows at once. */
inline void foursOfOne(const float* from, size_t line, int windows, float* to) {
  int window = 0;
  for (; window + 4 <= windows; window += 4, from += 8, to += 16) {
    const __m256d upper = (__m256d)_mm256_loadu_ps(from), lower = (__m256d)_mm256_loadu_ps(from + line);
    const __m256d even = _mm256_unpacklo_pd(upper, lower), odd = _mm256_unpackhi_pd(upper, lower);
    _mm256_storeu_ps(to, (__m256)_mm256_permute2f128_pd(even, odd, 0x20));
    _mm256_storeu_ps(to + 8, (__m256)_mm256_permute2f128_pd(even, odd, 0x31));
  }
  foursOf(from, 1, line, windows - window, to);
}

/** Of few input channels and windows of 2x2: vectors along the outputs, each lane with the element of x that is its own. */
template <typename T>
void pooledNarrowFilter(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* place, float* filter) {
  static thread_local Scratch stripMemory, fourMemory, offsetMemory;
  const int columns = 2 * c.pooledColumns + c.filterColumns - 1;
  const int rows = c.filterRows + 1;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  float* strip = stripMemory.take<float>((size_t)rows * columns * c.inputs);
  float* fours = fourMemory.take<float>((size_t)taps * c.pooledColumns * 4);
  int32_t* offsets = offsetMemory.take<int32_t>(taps);
  tapOffsets(c.filterRows, c.filterColumns, c.inputs, columns, offsets);
  memset(filter, 0, (size_t)taps * c.outputs * sizeof(float));
  const size_t line = (size_t)columns * c.inputs;
  for (int image = 0; image < c.images; image++) {
    for (int row = 0; row < c.pooledRows; row++) {
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, 2 * row - c.top, c.left, rows, columns,
                strip);
      float* to = fours;
      for (int t = 0; t < taps; t++, to += c.pooledColumns * 4) {
        if (c.inputs == 1) foursOfOne(strip + offsets[t], line, c.pooledColumns, to);
        else foursOf(strip + offsets[t], c.inputs, line, c.pooledColumns, to);
      }
      for (int output = 0; output + lanes <= c.outputs; output += lanes) {
        inTiles(taps, 12, [&](int t, int count) {
          addChosens<T>[count](filter + (size_t)t * c.outputs + output, c.outputs, fours + (size_t)t * c.pooledColumns * 4,
                            c.pooledColumns, gradient + output, place + output);
        });
      }
      for (int output = c.outputs / lanes * lanes; output < c.outputs; output++) {
        for (int t = 0; t < taps; t++) {
          float total = filter[(size_t)t * c.outputs + output];
          const float* own = fours + (size_t)t * c.pooledColumns * 4;
          for (int column = 0; column < c.pooledColumns; column++) {
            const size_t at = (size_t)column * c.outputs + output;
            if (place[at] != noPlace) total += own[column * 4 + place[at]] * loadOne(gradient + at);
          }
          filter[(size_t)t * c.outputs + output] = total;
        }
      }
      gradient += (size_t)c.pooledColumns * c.outputs;
      place += (size_t)c.pooledColumns * c.outputs;
    }
  }
}

}  // namespace
}  // namespace convoy
