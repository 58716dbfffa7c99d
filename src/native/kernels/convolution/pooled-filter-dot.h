// The gradient to the filter of a pooled convolution in bfloat16, by dot products of pairs of its entries.
#pragma once
#include "dot-row-sums.h"
#include "pooled-filter.h"

#ifdef CONVOY_BFLOAT16_DOT

namespace convoy {
namespace {

/** Pixels that a filter and `together` rows of windows reach. */
inline int linePixels(const PooledConvolution& c, int together) {
  return (together * c.window.rows + c.filterRows - 1) * (c.pooledColumns * c.window.columns + c.filterColumns - 1);
}

/** As many rows of windows at once as stay in the first-level cache; where the sums do not stay near, a whole image. */
inline int rowsTogether(const PooledConvolution& c, size_t sumFloats) {
  int together = c.pooledRows;
  if (sumFloats * sizeof(float) <= secondLevel) {
    while (together > 1 && linePixels(c, together) * c.inputs * sizeof(Bfloat16) > firstLevel) together--;
  }
  return together;
}

/** How many whole images are summed at once: lists are longer then, and sums are fetched less often. */
inline int imagesTogether(const PooledConvolution& c, int together) {
  if (together < c.pooledRows) return 1;
  const int fitting = firstLevel / (linePixels(c, together) * c.inputs * sizeof(Bfloat16));
  return fitting < 1 ? 1 : fitting;
}

CONVOY_KERNEL void pooledFilter(const PooledConvolution& c, const Bfloat16* x, const Bfloat16* gradient,
                                const uint8_t* argmax, float* filter) {
  static thread_local Scratch lineMemory, sumMemory, countMemory, cornerMemory;
  static thread_local DotEntryScratch entryMemory;
  const int columns = c.pooledColumns * c.window.columns + c.filterColumns - 1;
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const size_t sumFloats = (size_t)c.outputs * c.filterRows * padded, line = (size_t)columns * c.inputs;
  const int together = rowsTogether(c, sumFloats), images = imagesTogether(c, together),
            pixels = linePixels(c, together);
  if (!fitsHalves(c, images * pixels)) return pooledFilter<Bfloat16>(c, x, gradient, argmax, filter);
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  Bfloat16* lines = lineMemory.take<Bfloat16>((size_t)images * pixels * c.inputs + padded);
  const int most = together * c.pooledColumns, room = images * most + lanes;
  const DotEntries entries = entryMemory.take((size_t)c.outputs * room);
  int* counts = countMemory.take<int>(c.outputs);
  int32_t* corners = windowCorners(c, most, 1, cornerMemory);
  Integers inWindow = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++)
    inWindow[q] = q / c.window.columns * columns + q % c.window.columns;
  const RowSum<Bfloat16, DotEntries> sum(dotSums, c.filterRows, padded);
  // Appends the entries of some rows of windows of an image, whose line buffer is the one of that number.
  const auto list = [&](int image, int first, int number) {
    const int count = c.pooledRows - first < together ? c.pooledRows - first : together,
              windows = count * c.pooledColumns;
    fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs,
                   first * c.window.rows - c.top, c.left, count * c.window.rows + c.filterRows - 1, columns,
                   lines + (size_t)number * pixels * c.inputs);
    const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
    for (int n = 0; n < windows; n += lanes) {
      const int some = windows - n < lanes ? windows - n : lanes;
      const Integers ahead = *(const Integers*)(corners + n) + number * pixels;
      for (int output = 0; output < c.outputs; output += lanes) {
        const int wide = c.outputs - output < lanes ? c.outputs - output : lanes;
        const Mask valid = firstLanes(wide);
        Integers valuesAndPixels[lanes];
        for (int i = 0; i < some; i++) {
          const size_t at = begin + (size_t)(n + i) * c.outputs + output;
          const Integers q = loadBytes(argmax + at, valid);
          const Mask kept = notEqual(q, Integers{} + noArgmax, valid);
          valuesAndPixels[i] = loadUpperHalves(gradient + at, kept) | lookUp(inWindow, q);
        }
        for (int i = some; i < lanes; i++) valuesAndPixels[i] = Integers{};
        transpose(valuesAndPixels);
        for (int i = 0; i < wide; i++) {
          int& listed = counts[output + i];
          listed = entries.from((size_t)(output + i) * room)
                       .append(listed, valuesAndPixels[i] + ahead, nonZeroUpperHalves(valuesAndPixels[i]), c.inputs, 0);
        }
      }
    }
  };
  for (int image = 0; image < c.images; image += images) {
    for (int first = 0; first < c.pooledRows; first += together) {
      memset(counts, 0, c.outputs * sizeof(int));
      for (int number = 0; number < images && image + number < c.images; number++) list(image + number, first, number);
      for (int output = 0; output < c.outputs; output++) {
        const DotEntries own = entries.from((size_t)output * room);
        sum.addAll(sums + (size_t)output * c.filterRows * padded, padded, lines, line, own,
                   own.even(counts[output], 0));
      }
    }
  }
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const int at = i / block * block + interleaved(i % block);
      float* to = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++)
        to[output] = sums[((size_t)output * c.filterRows + k) * padded + at];
    }
  }
}

}  // namespace
}  // namespace convoy

#endif
