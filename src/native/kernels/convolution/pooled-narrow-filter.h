// The gradient to the filter of a convolution of few input channels before a 2x2 pooling, with vectors along the
// outputs: each lane takes the element of x at its own argmax.
#pragma once
#include "taps.h"

namespace convoy {
namespace {

/** sums[t] += the gradient of each window times its element of x at the argmax; `elements` are [tap][window][4]. */
template <int taps, typename T>
void addSelected(float* sums, int outputs, const float* elements, int windows, const T* gradient,
                 const uint8_t* argmax) {
  Vector total[taps];
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) total[t] = load(sums + (size_t)t * outputs);
  for (int window = 0; window < windows; window++, elements += 4, gradient += outputs, argmax += outputs) {
    const Integers at = loadBytes(argmax);
    const Vector g = at == noArgmax ? Vector{} : load(gradient);
    CONVOY_UNROLL
    for (int t = 0; t < taps; t++) total[t] += g * lookUpOfFour(elements + (size_t)t * windows * 4, at);
  }
  CONVOY_UNROLL
  for (int t = 0; t < taps; t++) store(sums + (size_t)t * outputs, total[t]);
}

template <typename T>
using AddSelected = void (*)(float*, int, const float*, int, const T*, const uint8_t*);
template <typename T>
constexpr AddSelected<T> addSelectedBy[13] = {
    nullptr,           addSelected<1, T>, addSelected<2, T>, addSelected<3, T>, addSelected<4, T>,  addSelected<5, T>,
    addSelected<6, T>, addSelected<7, T>, addSelected<8, T>, addSelected<9, T>, addSelected<10, T>, addSelected<11, T>,
    addSelected<12, T>};

/** The four elements of x that a tap sees in each of some windows of 2x2; rows are `line` apart. */
inline void elementsOf(const float* from, int inputs, size_t line, int windows, float* to) {
  for (int window = 0; window < windows; window++, from += 2 * inputs, to += 4) {
    to[0] = from[0];
    to[1] = from[inputs];
    to[2] = from[line];
    to[3] = from[line + inputs];
  }
}

/** The same of a single channel, where two elements of a row lie side by side: some windows at once. */
inline void elementsOfOne(const float* from, size_t line, int windows, float* to) {
  int window = 0;
  for (; window + windowsAtOnce <= windows; window += windowsAtOnce) {
    loadWindows2x2(from, line, to);
    from += 2 * windowsAtOnce;
    to += 4 * windowsAtOnce;
  }
  elementsOf(from, 1, line, windows - window, to);
}

/** The gradient to the filter. An argmax beyond the window is read modulo 4. */
template <typename T>
CONVOY_KERNEL void pooledNarrowFilter(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* argmax,
                                      float* filter) {
  static thread_local Scratch lineMemory, elementMemory, offsetMemory;
  const int columns = 2 * c.pooledColumns + c.filterColumns - 1;
  const int rows = c.filterRows + 1;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  float* lines = lineMemory.take<float>((size_t)rows * columns * c.inputs);
  float* elements = elementMemory.take<float>((size_t)taps * c.pooledColumns * 4);
  int32_t* offsets = offsetMemory.take<int32_t>(taps);
  tapOffsets(c.filterRows, c.filterColumns, c.inputs, columns, offsets);
  memset(filter, 0, (size_t)taps * c.outputs * sizeof(float));
  const size_t line = (size_t)columns * c.inputs;
  for (int image = 0; image < c.images; image++) {
    for (int row = 0; row < c.pooledRows; row++) {
      fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, 2 * row - c.top,
                     c.left, rows, columns, lines);
      float* to = elements;
      for (int t = 0; t < taps; t++, to += c.pooledColumns * 4) {
        if (c.inputs == 1) elementsOfOne(lines + offsets[t], line, c.pooledColumns, to);
        else elementsOf(lines + offsets[t], c.inputs, line, c.pooledColumns, to);
      }
      for (int output = 0; output + lanes <= c.outputs; output += lanes) {
        inTiles(taps, 12, [&](int t, int count) {
          addSelectedBy<T>[count](filter + (size_t)t * c.outputs + output, c.outputs,
                                  elements + (size_t)t * c.pooledColumns * 4, c.pooledColumns, gradient + output,
                                  argmax + output);
        });
      }
      for (int output = c.outputs / lanes * lanes; output < c.outputs; output++) {
        for (int t = 0; t < taps; t++) {
          float total = filter[(size_t)t * c.outputs + output];
          const float* own = elements + (size_t)t * c.pooledColumns * 4;
          for (int column = 0; column < c.pooledColumns; column++) {
            const size_t at = (size_t)column * c.outputs + output;
            if (argmax[at] != noArgmax) total += own[column * 4 + (argmax[at] & 3)] * loadOne(gradient + at);
          }
          filter[(size_t)t * c.outputs + output] = total;
        }
      }
      gradient += (size_t)c.pooledColumns * c.outputs;
      argmax += (size_t)c.pooledColumns * c.outputs;
    }
  }
}

}  // namespace
}  // namespace convoy
