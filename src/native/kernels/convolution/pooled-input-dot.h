// The gradient to the input of a pooled convolution in bfloat16, by dot products of pairs of its entries.
#pragma once
#include "dot-row-sums.h"
#include "pooled-input.h"

#ifdef CONVOY_BFLOAT16_DOT

namespace convoy {
namespace {

CONVOY_KERNEL void pooledInput(const PooledConvolution& c, const Bfloat16* filter, const Bfloat16* gradient,
                               const uint8_t* argmax, Bfloat16* x) {
  static thread_local Scratch filterMemory, lineMemory, startMemory, laneMemory;
  static thread_local DotEntryScratch entryMemory;
  if (!fitsHalves(c, 0)) return pooledInput<Bfloat16>(c, filter, gradient, argmax, x);
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const int filterStep = c.outputs * padded;
  // [filter row][output][its columns and inputs], so that interleaving puts them in order
  Bfloat16* transposed = filterMemory.take<Bfloat16>((size_t)c.filterRows * filterStep);
  memset(transposed, 0, (size_t)c.filterRows * filterStep * sizeof(Bfloat16));
  int packed[block];
  for (int i = 0; i < block; i++) packed[interleaved(i)] = i;
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const Bfloat16* from = filter + ((size_t)k * row + i) * c.outputs;
      Bfloat16* to = transposed + (size_t)k * filterStep + i / block * block + packed[i % block];
      for (int output = 0; output < c.outputs; output++) to[(size_t)output * padded] = from[output];
    }
  }
  GradientLines<Bfloat16> lines(c, padded, lineMemory);
  const int lists = c.pooledColumns * c.window.columns * c.window.rows;
  const DotEntries entries = entryMemory.take((size_t)c.pooledColumns * c.outputs + lists + lanes);
  int* starts = startMemory.take<int>(lists + 1);
  Integers lane;
  for (int i = 0; i < lanes; i++) lane[i] = i;
  // The entries of one window, by vectors of outputs.
  const int vectors = roundUp(c.outputs) / lanes;
  Integers *valuesAndOutputs = laneMemory.take<Integers>(2 * vectors), *argmaxes = valuesAndOutputs + vectors;
  const PatchSum<Bfloat16, Bfloat16, DotEntries> patches(c, dotSums, padded, transposed, lines);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    lines.clear();
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * pooledLine;
      const Bfloat16* g = gradient + begin;
      const uint8_t* p = argmax + begin;
      prefetchRow(g + pooledLine, pooledLine);
      prefetchRow(p + pooledLine, pooledLine);
      int number = 0, list = 0;
      for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
        for (int v = 0; v < vectors; v++) {
          const int output = v * lanes, wide = c.outputs - output < lanes ? c.outputs - output : lanes;
          const Mask valid = firstLanes(wide);
          valuesAndOutputs[v] = loadUpperHalves(g + output, valid) | (lane + output);
          argmaxes[v] = loadBytes(p + output, valid);
        }
        for (int column = 0; column < c.window.columns; column++) {
          for (int row = 0; row < c.window.rows; row++) {
            const Integers q = Integers{} + (row * c.window.columns + column);
            starts[list++] = number;
            for (int v = 0; v < vectors; v++) {
              const Mask here = equal(argmaxes[v], q) & nonZeroUpperHalves(valuesAndOutputs[v]);
              number = entries.append(number, valuesAndOutputs[v], here, padded, patches.offset(row));
            }
            number = entries.even(number, patches.offset(row));
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

#endif
