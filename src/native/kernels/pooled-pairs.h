// Gradients of a pooled convolution in bfloat16, as pooled.h has them, by pairs of elements of the gradient.
#pragma once
#include "pairs.h"
#include "pooled.h"
#include "transpose.h"

#ifdef __AVX512BF16__

namespace convoy {
namespace {

/** Whether places in a strip and outputs are halves of words, and the places of a window the lanes of a vector. */
inline bool fitsWords(const PooledConvolution& c, int pixels) {
  return pixels < 1 << 16 && c.outputs < 1 << 16 && c.window.rows * c.window.columns <= lanes;
}

/** Pixels that a filter and `together` rows of windows reach. */
inline int stripPixels(const PooledConvolution& c, int together) {
  return (together * c.window.rows + c.filterRows - 1) * (c.pooledColumns * c.window.columns + c.filterColumns - 1);
}

/** As many rows of windows at once as stay in the first-level cache; where the sums do not stay near, a whole image. */
inline int pairedRows(const PooledConvolution& c, size_t sumFloats) {
  int together = c.pooledRows;
  if (sumFloats * sizeof(float) <= secondLevel) {
    while (together > 1 && stripPixels(c, together) * c.inputs * sizeof(Bfloat16) > firstLevel) together--;
  }
  return together;
}

/** How many whole images are summed at once: lists are longer then, and sums are fetched less often. */
inline int pairedImages(const PooledConvolution& c, int together) {
  if (together < c.pooledRows) return 1;
  const int fitting = firstLevel / (stripPixels(c, together) * c.inputs * sizeof(Bfloat16));
  return fitting < 1 ? 1 : fitting;
}

void pooledFilter(const PooledConvolution& c, const Bfloat16* x, const Bfloat16* gradient, const uint8_t* place, float* filter) {
  static thread_local Scratch stripMemory, sumMemory, countMemory, cornerMemory;
  static thread_local PairScratch entryMemory;
  const int columns = c.pooledColumns * c.window.columns + c.filterColumns - 1;
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const size_t sumFloats = (size_t)c.outputs * c.filterRows * padded, line = (size_t)columns * c.inputs;
  const int together = pairedRows(c, sumFloats), images = pairedImages(c, together), pixels = stripPixels(c, together);
  if (!fitsWords(c, images * pixels)) return pooledFilter<Bfloat16>(c, x, gradient, place, filter);
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  Bfloat16* strip = stripMemory.take<Bfloat16>((size_t)images * pixels * c.inputs + padded);
  const int most = together * c.pooledColumns, room = images * most + lanes;
  const PairEntries entries = entryMemory.take((size_t)c.outputs * room);
  int* counts = countMemory.take<int>(c.outputs);
  int32_t* corners = windowCorners(c, most, 1, cornerMemory);
  Integers inWindow = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++) inWindow[q] = q / c.window.columns * columns + q % c.window.columns;
  const RowSum<Bfloat16, PairEntries> sum(pairSums, c.filterRows, padded);
  // Appends the entries of some rows of windows of an image, whose strip is the one of that number.
  const auto list = [&](int image, int first, int number) {
    const int count = c.pooledRows - first < together ? c.pooledRows - first : together, windows = count * c.pooledColumns;
    copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, first * c.window.rows - c.top, c.left,
              count * c.window.rows + c.filterRows - 1, columns, strip + (size_t)number * pixels * c.inputs);
    const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
    for (int n = 0; n < windows; n += lanes) {
      const int some = windows - n < lanes ? windows - n : lanes;
      const Integers ahead = *(const Integers*)(corners + n) + number * pixels;
      for (int output = 0; output < c.outputs; output += lanes) {
        const int wide = c.outputs - output < lanes ? c.outputs - output : lanes;
        const __mmask16 valid = (1u << wide) - 1;
        Integers words[lanes];
        for (int i = 0; i < some; i++) {
          const size_t at = begin + (size_t)(n + i) * c.outputs + output;
          const __m512i q = (__m512i)widenSome(place + at, valid);
          const __mmask16 kept = _mm512_mask_cmpneq_epi32_mask(valid, q, _mm512_set1_epi32(noPlace));
          words[i] = upperHalves(gradient + at, kept) | lookUp(inWindow, (Integers)q);
        }
        for (int i = some; i < lanes; i++) words[i] = Integers{};
        transpose(words);
        for (int i = 0; i < wide; i++) {
          int& listed = counts[output + i];
          listed = entries.from((size_t)(output + i) * room).append(listed, words[i] + ahead, valued(words[i]), c.inputs, 0);
        }
      }
    }
  };
  for (int image = 0; image < c.images; image += images) {
    for (int first = 0; first < c.pooledRows; first += together) {
      memset(counts, 0, c.outputs * sizeof(int));
      for (int number = 0; number < images && image + number < c.images; number++) list(image + number, first, number);
      for (int output = 0; output < c.outputs; output++) {
        const PairEntries own = entries.from((size_t)output * room);
        sum.addAll(sums + (size_t)output * c.filterRows * padded, padded, strip, line, own, own.even(counts[output], 0));
      }
    }
  }
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const int at = i / block * block + unpacked(i % block);
      float* to = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++) to[output] = sums[((size_t)output * c.filterRows + k) * padded + at];
    }
  }
}

void pooledInput(const PooledConvolution& c, const Bfloat16* filter, const Bfloat16* gradient, const uint8_t* place, Bfloat16* x) {
  static thread_local Scratch filterMemory, stripMemory, startMemory, wordMemory;
  static thread_local PairScratch entryMemory;
  if (!fitsWords(c, 0)) return pooledInput<Bfloat16>(c, filter, gradient, place, x);
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const int filterStep = c.outputs * padded;
  // [filter row][output][its columns and inputs], so that unpacking puts them in order
  Bfloat16* turned = filterMemory.take<Bfloat16>((size_t)c.filterRows * filterStep);
  memset(turned, 0, (size_t)c.filterRows * filterStep * sizeof(Bfloat16));
  int packed[block];
  for (int i = 0; i < block; i++) packed[unpacked(i)] = i;
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const Bfloat16* from = filter + ((size_t)k * row + i) * c.outputs;
      Bfloat16* to = turned + (size_t)k * filterStep + i / block * block + packed[i % block];
      for (int output = 0; output < c.outputs; output++) to[(size_t)output * padded] = from[output];
    }
  }
  InputStrip<Bfloat16> strip(c, padded, stripMemory);
  const int lists = c.pooledColumns * c.window.columns * c.window.rows;
  const PairEntries entries = entryMemory.take((size_t)c.pooledColumns * c.outputs + lists + lanes);
  int* starts = startMemory.take<int>(lists + 1);
  Integers lane;
  for (int i = 0; i < lanes; i++) lane[i] = i;
  // Of one window, by vectors of outputs.
  const int vectors = roundUp(c.outputs) / lanes;
  Integers *words = wordMemory.take<Integers>(2 * vectors), *places = words + vectors;
  const PatchSum<Bfloat16, Bfloat16, PairEntries> patches(c, pairSums, padded, turned, strip);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    strip.clear();
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * pooledLine;
      const Bfloat16* g = gradient + begin;
      const uint8_t* p = place + begin;
      fetchRow(g + pooledLine, pooledLine);
      fetchRow(p + pooledLine, pooledLine);
      int number = 0, list = 0;
      for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
        for (int v = 0; v < vectors; v++) {
          const int output = v * lanes, wide = c.outputs - output < lanes ? c.outputs - output : lanes;
          const __mmask16 valid = (1u << wide) - 1;
          words[v] = upperHalves(g + output, valid) | (lane + output);
          places[v] = widenSome(p + output, valid);
        }
        for (int column = 0; column < c.window.columns; column++) {
          for (int row = 0; row < c.window.rows; row++) {
            const Integers q = Integers{} + (row * c.window.columns + column);
            starts[list++] = number;
            for (int v = 0; v < vectors; v++) {
              const __mmask16 here = _mm512_cmpeq_epi32_mask((__m512i)places[v], (__m512i)q) & valued(words[v]);
              number = entries.append(number, words[v], here, padded, patches.offset(row));
            }
            number = entries.even(number, patches.offset(row));
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

#endif
