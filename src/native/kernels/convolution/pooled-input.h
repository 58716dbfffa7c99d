// The gradient to the input of a pooled convolution, with vectors along a row of the filter: its columns and input
// channels. Of each output only the elements that have a gradient are multiplied.
#pragma once
#include "gradient-lines.h"
#include "memory/prefetch.h"

namespace convoy {
namespace {

template <typename T>
CONVOY_KERNEL void pooledInput(const PooledConvolution& c, const T* filter, const T* gradient, const uint8_t* argmax,
                               T* x) {
  static thread_local Scratch filterMemory, lineMemory, startMemory;
  static thread_local EntryScratch entryMemory;
  const int row = c.filterColumns * c.inputs, padded = roundUp(row);
  const int filterStep = c.outputs * padded;
  // [filter row][output][its columns and inputs]
  float* transposed = filterMemory.take<float>((size_t)c.filterRows * filterStep);
  memset(transposed, 0, (size_t)c.filterRows * filterStep * sizeof(float));
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const T* from = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++)
        transposed[((size_t)k * c.outputs + output) * padded + i] = loadOne(from + output);
    }
  }
  GradientLines<T> lines(c, padded, lineMemory);
  const Entries entries = entryMemory.take((size_t)c.pooledColumns * c.outputs);
  int* starts = startMemory.take<int>(c.pooledColumns * c.window.columns * c.window.rows + 1);
  Integers steps;
  for (int lane = 0; lane < lanes; lane++) steps[lane] = lane * padded;
  const PatchSum<T, float, Entries> patches(c, vectorSums, padded, transposed, lines);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    lines.clear();
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * pooledLine;
      const T* g = gradient + begin;
      const uint8_t* p = argmax + begin;
      prefetchRow(g + pooledLine, pooledLine);
      prefetchRow(p + pooledLine, pooledLine);
      int number = 0, list = 0;
      for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
        for (int column = 0; column < c.window.columns; column++) {
          for (int row = 0; row < c.window.rows; row++) {
            const int q = row * c.window.columns + column;
            starts[list++] = number;
            int output = 0;
            for (; output + lanes <= c.outputs; output += lanes) {
              const Vector value = load(g + output);
              const uint32_t bits = maskOf((loadBytes(p + output) == q) & (value != 0));
              compressStore(entries.offsets + number, steps + (output * padded + patches.offset(row)), bits);
              compressStore((int32_t*)entries.values + number, (Integers)value, bits);
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
      lines.advance(i, x);
    }
    lines.finish(x);
  }
}

}  // namespace
}  // namespace convoy
