// The gradient to the filter of a convolution of few input channels in bfloat16, by dot products of neighbouring
// columns.
#pragma once
#include "narrow-filter.h"

#ifdef CONVOY_BFLOAT16_DOT

namespace convoy {
namespace {

/** A vector of the gradient in the lower halves of lanes, where y is positive or there is none; else 0. */
inline Integers rectifiedHalves(const Bfloat16* gradient, const Bfloat16* y) {
  const Integers halves = loadLowHalves(gradient);
  return y == nullptr ? halves : keep(maskOf(load(y) > 0), halves);
}

CONVOY_KERNEL void narrowFilter(const NarrowConvolution& c, const Bfloat16* x, const Bfloat16* gradient,
                                const Bfloat16* y, float* filter, float* bias) {
  if (c.outputs % lanes != 0) return narrowFilter<Bfloat16>(c, x, gradient, y, filter, bias);
  static thread_local Scratch lineMemory, seenMemory, offsetMemory, sumMemory, rowMemory;
  const int columns = c.columns + c.filterColumns - 1, pairs = (c.columns + 1) / 2;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  const size_t line = (size_t)columns * c.inputs, row = (size_t)c.columns * c.outputs, numbers = c.filterRows * line;
  Bfloat16* lines = lineMemory.take<Bfloat16>(numbers + c.inputs + lanes);
  memset((void*)(lines + numbers), 0, (c.inputs + lanes) * sizeof(Bfloat16));
  // What a tap sees at one column and the next, as pairs; behind them a line of ones, for the bias.
  int32_t* seen = seenMemory.take<int32_t>(numbers + lanes + line);
  const size_t ones = (numbers + lanes - 1) / lanes * lanes;
  for (size_t i = 0; i < line; i++) seen[ones + i] = 0x3f803f80;
  int32_t* offsets = offsetMemory.take<int32_t>(taps + 1);
  tapOffsets(c.filterRows, c.filterColumns, c.inputs, columns, offsets);
  offsets[taps] = ones;
  const size_t sumFloats = (size_t)(taps + 1) * c.outputs;
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  int32_t* own = rowMemory.take<int32_t>((size_t)pairs * c.outputs);
  NextRow<Bfloat16> next(c);
  for (int image = 0; image < c.images; image++) {
    for (int i = 0; i < c.rows; i++, gradient += row) {
      fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left,
                     c.filterRows, columns, lines);
      for (size_t at = 0; at < numbers; at += lanes) {
        storeIntegers(seen + at, pairUp(loadLowHalves(lines + at), loadLowHalves(lines + at + c.inputs)));
      }
      for (int pair = 0; pair < pairs; pair++) {
        for (int output = 0; output < c.outputs; output += lanes) {
          const size_t at = (size_t)2 * pair * c.outputs + output, beside = at + c.outputs;
          const Integers one = rectifiedHalves(gradient + at, y == nullptr ? y : y + at);
          const Integers other =
              beside < row ? rectifiedHalves(gradient + beside, y == nullptr ? y : y + beside) : Integers{};
          storeIntegers(own + (size_t)pair * c.outputs + output, pairUp(one, other));
        }
      }
      if (y != nullptr) y += row;
      next.begin(gradient + row, y);
      addRow<Bfloat16>(sums, c.outputs, (const float*)seen, 2 * c.inputs, offsets, taps + 1, (const float*)own, pairs,
                       [&] { next.next(); });
    }
  }
  memcpy(filter, sums, (size_t)taps * c.outputs * sizeof(float));
  memcpy(bias, sums + (size_t)taps * c.outputs, c.outputs * sizeof(float));
}

}  // namespace
}  // namespace convoy

#endif
