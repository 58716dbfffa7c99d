// Gradients of a pooled convolution with vectors along columns and input channels of the filter: of each output only the
// elements that have a gradient are multiplied.
#pragma once
#include "rows.h"
#include "transpose.h"

namespace convoy {
namespace {

/** Where windows begin in a strip, in units of `step` a pixel; behind the last a vector of zeros. */
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
void pooledFilter(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* place, float* filter) {
  static thread_local Scratch stripMemory, sumMemory, countMemory, cornerMemory;
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
  const int most = together * c.pooledColumns, room = most + lanes;
  const Entries entries = entryMemory.take((size_t)c.outputs * room);
  int* counts = countMemory.take<int>(c.outputs);
  const RowSum<float, Entries> sum(vectorSums, c.filterRows, padded);
  // Where windows begin, and their elements within them.
  int32_t* corners = windowCorners(c, most, c.inputs, cornerMemory);
  alignas(64) int32_t offsets[256] = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++) {
    offsets[q] = (q / c.window.columns * columns + q % c.window.columns) * c.inputs;
  }
  const bool small = c.window.rows * c.window.columns <= lanes;
  for (int image = 0; image < c.images; image++) {
    for (int first = 0; first < c.pooledRows; first += together) {
      const int count = c.pooledRows - first < together ? c.pooledRows - first : together;
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, first * c.window.rows - c.top,
                c.left, count * c.window.rows + c.filterRows - 1, columns, strip);
      memset(counts, 0, c.outputs * sizeof(int));
      const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
      for (int n = 0; n < count * c.pooledColumns; n += lanes) {
        const int some = count * c.pooledColumns - n < lanes ? count * c.pooledColumns - n : lanes;
        const T* g = gradient + begin + (size_t)n * c.outputs;
        const uint8_t* p = place + begin + (size_t)n * c.outputs;
        int output = 0;
        for (; small && output + lanes <= c.outputs; output += lanes) {
          Integers values[lanes] = {}, starts[lanes] = {};
          for (int i = 0; i < some; i++) {
            const size_t at = (size_t)i * c.outputs + output;
            const Integers q = widen(p + at);
            values[i] = (Integers)(q == noPlace ? Vector{} : load(g + at));
            starts[i] = lookUp(*(const Integers*)offsets, q);
          }
          transpose(values);
          transpose(starts);
          for (int i = 0; i < lanes; i++) {
            const Entries own = entries.from((size_t)(output + i) * room + counts[output + i]);
            const uint32_t bits = lanesOf((Vector)values[i] != 0);
            compress(own.offsets, starts[i] + *(const Integers*)(corners + n), bits);
            compress((int32_t*)own.values, values[i], bits);
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
            counts[output] += (value != 0) & (p[at] != noPlace);
          }
        }
      }
      for (int output = 0; output < c.outputs; output++) {
        float* own = sums + (size_t)output * c.filterRows * padded;
        sum.addAll(own, padded, strip, (size_t)columns * c.inputs, entries.from((size_t)output * room), counts[output]);
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
  const PatchSum<T, float, Entries> patches(c, vectorSums, padded, turned, strip);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    strip.clear();
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * pooledLine;
      const T* g = gradient + begin;
      const uint8_t* p = place + begin;
      fetchRow(g + pooledLine, pooledLine);
      fetchRow(p + pooledLine, pooledLine);
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
              compress(entries.offsets + number, steps + (output * padded + patches.offset(row)), bits);
              compress((int32_t*)entries.values + number, (Integers)value, bits);
              number += __builtin_popcount(bits);
            }
            for (; output < c.outputs; output++) {
              entries.offsets[number] = output * padded + patches.offset(row);
              entries.values[number] = loadOne(g + output);
              number += (p[output] == q) & (entries.values[number] != 0);
            }
          }
        }
      }
      starts[list] = number;
      patches.add(starts, entries);
      strip.advance(i, x);
    }
    strip.finish(x);
  }
}

}  // namespace
}  // namespace convoy
