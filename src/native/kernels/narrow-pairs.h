// The gradient to a filter of few input channels in bfloat16, as narrow.h has it, by pairs of neighbouring outputs.
#pragma once
#include "narrow.h"
#include "pairs.h"

#ifdef __AVX512BF16__

namespace convoy {
namespace {

/** 16 numbers in the lower halves of lanes, where y is positive or there is none; else 0. */
inline __m512i rectifiedHalves(const Bfloat16* gradient, const Bfloat16* y) {
  const __m512i halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)gradient));
  return y == nullptr ? halves : _mm512_maskz_mov_epi32(lanesOf(load(y) > 0), halves);
}

void narrowFilter(const NarrowConvolution& c, const Bfloat16* x, const Bfloat16* gradient, const Bfloat16* y, float* filter, float* bias) {
  if (c.outputs % lanes != 0) return narrowFilter<Bfloat16>(c, x, gradient, y, filter, bias);
  static thread_local Scratch stripMemory, wordMemory, offsetMemory, sumMemory, rowMemory;
  const int columns = c.columns + c.filterColumns - 1, pairs = (c.columns + 1) / 2;
  const int taps = c.filterRows * c.filterColumns * c.inputs;
  const size_t line = (size_t)columns * c.inputs, row = (size_t)c.columns * c.outputs, numbers = c.filterRows * line;
  Bfloat16* strip = stripMemory.take<Bfloat16>(numbers + c.inputs + lanes);
  memset((void*)(strip + numbers), 0, (c.inputs + lanes) * sizeof(Bfloat16));
  // Words of what an element of the filter sees at one output and the next; behind them a line of ones, for the bias.
  int32_t* words = wordMemory.take<int32_t>(numbers + lanes + line);
  const size_t ones = (numbers + lanes - 1) / lanes * lanes;
  for (size_t i = 0; i < line; i++) words[ones + i] = 0x3f803f80;
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
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left, c.filterRows, columns, strip);
      for (size_t at = 0; at < numbers; at += lanes) {
        const __m512i one = rectifiedHalves(strip + at, nullptr), other = rectifiedHalves(strip + at + c.inputs, nullptr);
        _mm512_storeu_si512(words + at, _mm512_or_si512(one, _mm512_slli_epi32(other, 16)));
      }
      for (int pair = 0; pair < pairs; pair++) {
        for (int output = 0; output < c.outputs; output += lanes) {
          const size_t at = (size_t)2 * pair * c.outputs + output, beside = at + c.outputs;
          const __m512i one = rectifiedHalves(gradient + at, y == nullptr ? y : y + at);
          const __m512i other = beside < row ? rectifiedHalves(gradient + beside, y == nullptr ? y : y + beside) : _mm512_setzero_si512();
          _mm512_storeu_si512(own + (size_t)pair * c.outputs + output, _mm512_or_si512(one, _mm512_slli_epi32(other, 16)));
        }
      }
      if (y != nullptr) y += row;
      next.begin(gradient + row, y);
      addRow<Bfloat16>(sums, c.outputs, (const float*)words, 2 * c.inputs, offsets, taps + 1, (const float*)own, pairs, [&] { next.some(); });
    }
  }
  memcpy(filter, sums, (size_t)taps * c.outputs * sizeof(float));
  memcpy(bias, sums + (size_t)taps * c.outputs, c.outputs * sizeof(float));
}

}  // namespace
}  // namespace convoy

#endif
