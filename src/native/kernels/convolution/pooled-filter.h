// The gradient to the filter of a pooled convolution, with vectors along a row of the filter: its columns and input
// channels. Of each output only the elements that have a gradient are multiplied.
#pragma once
#include "line-buffer.h"
#include "row-sums.h"
#include "simd/transpose.h"

namespace convoy {
namespace {

/** Where windows begin in a line buffer, in units of `step` a pixel; a vector of zeros follows the last. */
inline int32_t* windowCorners(const PooledConvolution& c, int windows, int step, Scratch& memory) {
  const int columns = c.pooledColumns * c.window.columns + c.filterColumns - 1;
  int32_t* corners = memory.take<int32_t>(windows + lanes);
  memset(corners, 0, (windows + lanes) * sizeof(int32_t));
  for (int n = 0; n < windows; n++) {
    corners[n] = (n / c.pooledColumns * c.window.rows * columns + n % c.pooledColumns * c.window.columns) * step;
  }
  return corners;
}

template <typename T>
CONVOY_KERNEL void pooledFilter(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* argmax,
                                float* filter) {
  static thread_local Scratch lineMemory, sumMemory, countMemory, cornerMemory;
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
  float* lines = lineMemory.take<float>((size_t)rows * columns * c.inputs + row);
  const int most = together * c.pooledColumns, room = most + lanes;
  const Entries entries = entryMemory.take((size_t)c.outputs * room);
  int* counts = countMemory.take<int>(c.outputs);
  const RowSum<float, Entries> sum(vectorSums, c.filterRows, padded);
  // Where windows begin, and where the elements of a window are. An argmax beyond the window is read as element 0.
  int32_t* corners = windowCorners(c, most, c.inputs, cornerMemory);
  alignas(64) int32_t offsets[256] = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++) {
    offsets[q] = (q / c.window.columns * columns + q % c.window.columns) * c.inputs;
  }
  const bool small = c.window.rows * c.window.columns <= lanes;
  for (int image = 0; image < c.images; image++) {
    for (int first = 0; first < c.pooledRows; first += together) {
      const int count = c.pooledRows - first < together ? c.pooledRows - first : together;
      fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs,
                     first * c.window.rows - c.top, c.left, count * c.window.rows + c.filterRows - 1, columns, lines);
      memset(counts, 0, c.outputs * sizeof(int));
      const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
      for (int n = 0; n < count * c.pooledColumns; n += lanes) {
        const int some = count * c.pooledColumns - n < lanes ? count * c.pooledColumns - n : lanes;
        const T* g = gradient + begin + (size_t)n * c.outputs;
        const uint8_t* p = argmax + begin + (size_t)n * c.outputs;
        int output = 0;
        for (; small && output + lanes <= c.outputs; output += lanes) {
          Integers values[lanes] = {}, starts[lanes] = {};
          for (int i = 0; i < some; i++) {
            const size_t at = (size_t)i * c.outputs + output;
            const Integers q = loadBytes(p + at);
            values[i] = (Integers)(q == noArgmax ? Vector{} : load(g + at));
            starts[i] = lookUp(*(const Integers*)offsets, q);
          }
          transpose(values);
          transpose(starts);
          for (int i = 0; i < lanes; i++) {
            const Entries own = entries.from((size_t)(output + i) * room + counts[output + i]);
            const uint32_t bits = maskOf((Vector)values[i] != 0);
            compressStore(own.offsets, starts[i] + *(const Integers*)(corners + n), bits);
            compressStore((int32_t*)own.values, values[i], bits);
            counts[output + i] += __builtin_popcount(bits);
          }
        }
        for (; output < c.outputs; output++) {
          for (int i = 0; i < some; i++) {
            const size_t at = (size_t)i * c.outputs + output;
            const Entries own = entries.from((size_t)output * room + counts[output]);
            const float value = loadOne(g + at);
            *own.offsets = corners[n + i] + offsets[p[at]];
            *own.values = value;
            counts[output] += (value != 0) & (p[at] != noArgmax);
          }
        }
      }
      for (int output = 0; output < c.outputs; output++) {
        float* own = sums + (size_t)output * c.filterRows * padded;
        sum.addAll(own, padded, lines, (size_t)columns * c.inputs, entries.from((size_t)output * room), counts[output]);
      }
    }
  }
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      float* to = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++)
        to[output] = sums[((size_t)output * c.filterRows + k) * padded + i];
    }
  }
}

}  // namespace
}  // namespace convoy
