// Taps of filters of few input channels (a tap is one element of the filter for each output), with vectors along the
// outputs.
#pragma once
#include "line-buffer.h"
#include "simd/operand.h"

namespace convoy {
namespace {

/** Calls `add(first, count)` for tiles of nearly the same size, at most `most` elements each. */
template <typename Add>
inline void inTiles(int all, int most, Add add) {
  const int tiles = (all + most - 1) / most;
  for (int tile = 0; tile < tiles; tile++) {
    const int first = (int64_t)all * tile / tiles;
    add(first, (int)((int64_t)all * (tile + 1) / tiles) - first);
  }
}

/** Where in a line buffer of some columns each tap reads its first element. */
inline void tapOffsets(int filterRows, int filterColumns, int inputs, int columns, int32_t* offsets) {
  const int row = filterColumns * inputs;
  for (int t = 0; t < filterRows * row; t++) offsets[t] = t / row * columns * inputs + t % row;
}

/** Numbers as float32: in place, or else copied to memory. */
inline const float* asFloats(const float* from, size_t, Scratch&) { return from; }
inline const float* asFloats(const Bfloat16* from, size_t count, Scratch& memory) {
  float* to = memory.take<float>(count);
  copy(from, count, to);
  return to;
}

}  // namespace
}  // namespace convoy
