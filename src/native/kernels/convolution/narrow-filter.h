// The gradient to the filter of a convolution of few input channels and to its bias, with vectors along the outputs.
#pragma once
#include "memory/prefetch.h"
#include "taps.h"

namespace convoy {
namespace {

/** sums[t][v] += from[offsets[t]] gradient[v], of operands, over the columns of a row; for `taps` taps and `wide`
 * vectors of outputs. */
template <int taps, int wide, typename T>
void addTaps(float* sums, int outputs, const float* from, int step, const int32_t* offsets, const float* gradient,
             int columns) {
  Vector total[taps][wide];
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) total[t][v] = load(sums + (size_t)t * outputs + v * lanes);
  }
  for (int column = 0; column < columns; column++, from += step, gradient += outputs) {
    Vector g[wide];
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) g[v] = load(gradient + v * lanes);
    CONVOY_UNROLL
    for (int t = 0; t < taps; t++) {
      const Vector value = broadcast(from[offsets[t]]);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) total[t][v] = multiplyAdd<T>(total[t][v], value, g[v]);
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
constexpr AddTaps addByOne[13] = {nullptr,          addTaps<1, 1, T>, addTaps<2, 1, T>,  addTaps<3, 1, T>,
                                  addTaps<4, 1, T>, addTaps<5, 1, T>, addTaps<6, 1, T>,  addTaps<7, 1, T>,
                                  addTaps<8, 1, T>, addTaps<9, 1, T>, addTaps<10, 1, T>, addTaps<11, 1, T>,
                                  addTaps<12, 1, T>};

/** Adds a row of the gradient to the sums of all outputs that fill vectors, and returns how many they are. Calls
 * `meanwhile` at each tile. */
template <typename T, typename Meanwhile>
inline int addRow(float* sums, int outputs, const float* lines, int step, const int32_t* offsets, int taps,
                  const float* gradient, int columns, Meanwhile meanwhile) {
  int output = 0;
  const auto add = [&](const AddTaps* sizes, int most) {
    inTiles(taps, most, [&](int t, int count) {
      meanwhile();
      sizes[count](sums + (size_t)t * outputs + output, outputs, lines, step, offsets + t, gradient + output, columns);
    });
  };
  for (; output + 2 * lanes <= outputs; output += 2 * lanes) add(addByTwo<T>, 6);
  for (; output + lanes <= outputs; output += lanes) add(addByOne<T>, 12);
  return output;
}

/** Prefetches the next row of a gradient, and of y where there is one, a tile at a time. */
template <typename T>
class NextRow {
 public:
  NextRow(const NarrowConvolution& c) : row_((size_t)c.columns * c.outputs) {
    const int tiles =
        ((c.filterRows * c.filterColumns * c.inputs + 6) / 6) * ((c.outputs + 2 * lanes - 1) / (2 * lanes));
    share_ = line * (row_ / line / tiles + 1);
  }
  void begin(const T* gradient, const T* y) {
    gradient_ = gradient;
    y_ = y;
    at_ = 0;
  }
  void next() {
    for (const size_t until = at_ + share_ < row_ ? at_ + share_ : row_; at_ < until; at_ += line) {
      __builtin_prefetch(gradient_ + at_);
      if (y_ != nullptr) __builtin_prefetch(y_ + at_);
    }
  }

 private:
  static constexpr size_t line = cacheLine / sizeof(T);
  size_t row_, share_, at_ = 0;
  const T *gradient_ = nullptr, *y_ = nullptr;
};

/** A row of the gradient where the rectified y is positive, else 0. */
template <typename T>
inline void rectifyRow(const T* gradient, const T* y, size_t count, float* to) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(y + i) > 0 ? load(gradient + i) : Vector{});
  for (; i < count; i++) to[i] = loadOne(y + i) > 0 ? loadOne(gradient + i) : 0;
}

template <typename T>
CONVOY_KERNEL void narrowFilter(const NarrowConvolution& c, const T* x, const T* gradient, const T* y, float* filter,
                                float* bias) {
  static thread_local Scratch lineMemory, offsetMemory, sumMemory, rowMemory;
  const int columns = c.columns + c.filterColumns - 1;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  const size_t line = (size_t)columns * c.inputs, row = (size_t)c.columns * c.outputs;
  // Behind the lines is one of ones: the bias is one more tap, which sees nothing else.
  float* lines = lineMemory.take<float>((c.filterRows + 1) * line);
  for (size_t i = 0; i < line; i++) lines[c.filterRows * line + i] = 1;
  int32_t* offsets = offsetMemory.take<int32_t>(taps + 1);
  tapOffsets(c.filterRows, c.filterColumns, c.inputs, columns, offsets);
  offsets[taps] = c.filterRows * line;
  const size_t sumFloats = (size_t)(taps + 1) * c.outputs;
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  NextRow<T> next(c);
  for (int image = 0; image < c.images; image++) {
    for (int i = 0; i < c.rows; i++, gradient += row) {
      fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left,
                     c.filterRows, columns, lines);
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
      int output =
          addRow<float>(sums, c.outputs, lines, c.inputs, offsets, taps + 1, own, c.columns, [&] { next.next(); });
      for (; output < c.outputs; output++) {
        for (int t = 0; t <= taps; t++) {
          float total = sums[(size_t)t * c.outputs + output];
          for (int column = 0; column < c.columns; column++) {
            total += lines[column * c.inputs + offsets[t]] * own[(size_t)column * c.outputs + output];
          }
          sums[(size_t)t * c.outputs + output] = total;
        }
      }
    }
  }
  memcpy(filter, sums, (size_t)taps * c.outputs * sizeof(float));
  memcpy(bias, sums + (size_t)taps * c.outputs, c.outputs * sizeof(float));
}

}  // namespace
}  // namespace convoy
